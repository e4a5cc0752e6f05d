// A server of the shop that has the SDK for Node: set up as Plimsoll says, it sends one of each kind and ends.
import assert from 'node:assert/strict';

import { load } from './packages.mjs';

const Sentry = load('@sentry/node');
const [configuration] = process.argv.slice(2);
const config = await (await fetch(configuration)).json();
// A server has no origin that a path could be relative to.
const tunnel = new URL(config.tunnel, configuration).href;
Sentry.init({ ...config, tunnel, debug: true, enableLogs: true, traceLifecycle: 'static' });
Sentry.captureException(new Error('a pulley broke'));
Sentry.captureMessage('small', 'warning');
Sentry.captureMessage('large', { level: 'info', extra: { cargo: 'rope, '.repeat(20_000) } });
Sentry.startSpan({ name: 'checkout', op: 'shop' }, () => {});
Sentry.captureFeedback({ message: 'The rope is too short.' });
Sentry.captureCheckIn({ monitorSlug: 'nightly', status: 'ok' });
Sentry.logger.info('the basket is full');
assert(await Sentry.close(20_000), 'everything is sent');
process.disconnect();
