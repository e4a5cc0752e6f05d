"""A real SMTP server (aiosmtpd) for tests, on loopback.

It takes mail only from whoever logs in, where a user is named; says of each mail that came what was in it, as one line of JSON
on its output; and answers by the script that the test has put into its folder. The tests' harness is Rust and this is not: of
the SMTP servers that anybody runs, none takes so little to be told how to fail.
"""

import argparse
import asyncio
import email
import email.policy
import hmac
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

LONGEST_LINE = 998


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--security", choices=["plain", "starttls", "tls"], required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--user")
    parser.add_argument("--password")
    return parser.parse_args()


class Script:
    """The answers that the test wants: a list in a file, each of which is used once, anew when the file is another one."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "script.json")
        self.strangers = os.path.join(folder, "refused")
        self.edition = None
        self.answers = []

    def next(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                script = json.load(file)
        except FileNotFoundError:
            return {"kind": "accept"}
        if script["edition"] != self.edition:
            self.edition = script["edition"]
            self.answers = list(script["answers"])
        return self.answers.pop(0) if self.answers else script["standing"]

    def refused(self):
        """The addresses of which there is nobody: one a line."""
        try:
            with open(self.strangers, encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []


class Handler:
    def __init__(self, script):
        self.script = script

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in self.script.refused():
            return f"550 5.1.1 <{address}> is nobody here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 somebody is here"

    async def handle_DATA(self, server, session, envelope):
        mail, faults = read(envelope.content)
        answer = self.script.next()
        accepted = answer["kind"] == "accept" and not faults
        mail.update(
            envelope_from=envelope.mail_from,
            envelope_to=envelope.rcpt_tos,
            encrypted=session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            user=session.auth_data,
            accepted=accepted,
            faults=faults,
        )
        say(mail)
        if faults:
            return "554 5.6.0 " + "; ".join(faults)
        if answer["kind"] == "says":
            return f"{answer['status']} {answer['words']}"
        if answer["kind"] == "hang":
            await asyncio.sleep(3600)
        if answer["kind"] == "reset":
            server.transport.abort()
        return "250 2.0.0 taken"


def read(content):
    """What a mail says, and what is wrong with it."""
    faults = []
    for line in content.split(b"\r\n"):
        if len(line) > LONGEST_LINE:
            faults.append(f"a line of {len(line)} bytes")
        if b"\n" in line or b"\r" in line:
            faults.append("a line end that is none")
    message = email.message_from_bytes(content, policy=email.policy.default)
    faults += [f"defect: {defect!r}" for part in message.walk() for defect in part.defects]
    for name in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version"]:
        if len(message.get_all(name, [])) != 1:
            faults.append(f"{name}: {len(message.get_all(name, []))} of them")
    head = content.split(b"\r\n\r\n", 1)[0]
    if not head.isascii():
        faults.append("headers that are not ASCII")
    for name, value in message.items():
        if value.defects:
            faults.append(f"{name}: {value.defects!r}")
    return {
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": body(message, "plain"),
        "html": body(message, "html"),
    }, faults


def body(message, kind):
    part = message.get_body(preferencelist=(kind,))
    return None if part is None else part.get_content().replace("\r\n", "\n")


def say(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def serve(args):
    context = None
    if args.security != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(args.folder, "cert.pem"), os.path.join(args.folder, "key.pem"))

    def authenticate(server, session, envelope, mechanism, data):
        given = (data.login, data.password)
        wanted = (args.user.encode(), args.password.encode())
        same = all(hmac.compare_digest(a, b) for a, b in zip(given, wanted, strict=True))
        return AuthResult(success=same, handled=same, auth_data=args.user)

    options = {"hostname": "localhost", "enable_SMTPUTF8": True}
    if args.user:
        # Of a connection that was encrypted from the start, the library does not know that it is.
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": args.security == "starttls"}
    if args.security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    handler = Handler(Script(args.folder))
    from_start = context if args.security == "tls" else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, **options), "127.0.0.1", args.port, ssl=from_start)
    say({"listening": args.port})
    async with server:
        await server.serve_forever()


asyncio.run(serve(arguments()))
