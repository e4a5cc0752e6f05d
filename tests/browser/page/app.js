// The page of the shop: asks Plimsoll how to set its SDK up, sets it up, and does what the test tells it to. `the-sdk` is that
// of the version that it is bundled with.
import * as Sentry from 'the-sdk';

addEventListener('securitypolicyviolation', (event) => {
  window.violated(`${event.effectiveDirective} ${event.blockedURI}`);
});

const query = new URLSearchParams(location.search);

async function start() {
  const at = query.get('plimsoll') ?? '';
  const response = await fetch(`${at}/observability/sentry/config?app=${query.get('app')}`);
  if (!response.ok) throw new Error(`the configuration: ${response.status}`);
  const config = await response.json();
  const replay = Sentry.replayIntegration({ minReplayDuration: 0 });
  Sentry.init({
    ...config,
    ...(query.has('lifecycle') && { traceLifecycle: query.get('lifecycle') }),
    // A header of one's own is what has a browser ask before it sends to another origin.
    ...(query.has('ask') && { transportOptions: { headers: { 'X-Requested-With': 'shop' } } }),
    debug: true,
    enableLogs: true,
    integrations: [Sentry.browserTracingIntegration({ idleTimeout: 100 }), Sentry.browserSessionIntegration(), replay],
    beforeSend: (event) => (event.message === 'not to be sent' ? null : event),
  });
  Object.assign(window, { Sentry, replay, config });
}

window.acts = {
  uncaught() {
    return new Promise((done) => {
      setTimeout(() => {
        setTimeout(done);
        throw new TypeError('nobody catches this');
      });
    });
  },
  rejected() {
    Promise.reject(new RangeError('nobody awaits this'));
  },
  caught() {
    try {
      window.basket.add('rope');
    } catch (error) {
      Sentry.captureException(error);
    }
  },
  levels() {
    for (const level of ['fatal', 'error', 'warning', 'log', 'info', 'debug']) {
      Sentry.captureMessage(`of level ${level}`, level);
    }
  },
  large() {
    Sentry.captureMessage('more than keepalive takes: ⚓', { level: 'info', extra: { cargo: 'rope, '.repeat(30_000) } });
  },
  attached() {
    const data = Uint8Array.from({ length: 1_024 }, (_, index) => index % 256);
    Sentry.withScope((scope) => {
      scope.addAttachment({ filename: 'bytes.bin', data });
      Sentry.captureMessage('with every byte there is', 'info');
    });
  },
  suppressed() {
    Sentry.captureMessage('not to be sent');
  },
  feedback() {
    Sentry.captureFeedback({ name: 'Anne', email: 'anne@shop.example', message: 'The rope is too short.' });
  },
  span() {
    Sentry.startNewTrace(() => Sentry.startSpan({ name: 'checkout', op: 'shop', forceTransaction: true }, () => {}));
  },
  telemetry() {
    Sentry.logger.info('the basket is full');
    Sentry.metrics.count('ropes', 3);
  },
  async replayed() {
    for (let knot = 0; knot < 50; knot += 1) {
      document.body.append(Object.assign(document.createElement('p'), { textContent: `knot ${knot}` }));
    }
    await window.replay.flush();
  },
  leaving() {
    addEventListener('pagehide', () => Sentry.captureMessage('on the way out', 'warning'));
  },
  flush() {
    return Sentry.flush(10_000);
  },
};

window.ready = start();
