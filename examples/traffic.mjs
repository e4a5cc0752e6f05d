// Plays traffic of one of the four tenants against a running server: the last two hours, a bad quarter of an hour in them, and
// the alerts that its Prometheus would have sent. It needs Node and nothing else.
//
//   PLIMSOLL_KEY=plk_… node examples/traffic.mjs job-api [--seed 1] [--minutes 120]
//
// The key may be of role ingest. What is pushed is the same for the same seed, but for its instants; played twice within a
// minute, it adds nothing.

const TENANTS = {
  'job-api': {
    // What each component that is pushed is while it is bad; null: it stays well.
    components: { api: 'degraded', queue: 'degraded' },
    // Those that say by themselves that they are there, which they can only say of now.
    beats: ['worker'],
    // Events in five minutes, and which share of them is bad as a rule and in the bad quarter.
    events: { job_success: [500, 0.004, 0.1], queue_depth: [50, 0, 0.2] },
    latencies: {},
    alerts: [['JobsFail', 'critical', 'api', '10% of jobs fail'], ['QueueDeep', 'warning', 'queue', '800 jobs wait']],
  },
  'ci-cd': {
    components: { pipelines: 'degraded', runners: 'down' },
    beats: ['scheduler', 'artefacts'],
    events: { pipeline_success: [60, 0.03, 0.3], runner_capacity: [50, 0, 0.9] },
    // How many in five minutes, how many ms as a rule and in the bad quarter.
    latencies: { queue_wait_p99: [40, 20000, 180000] },
    alerts: [['RunnersExhausted', 'critical', 'runners', 'No runner is free']],
  },
  'ai-ops': {
    components: { parser: 'degraded', actions: null },
    beats: ['appliance-oslo', 'appliance-turin'],
    events: { confidence: [80, 0.04, 0.35] },
    latencies: { parse_latency: [40, 400, 1100] },
    alerts: [
      ['ApplianceSilent', 'critical', 'appliance-turin', 'The appliance in turin has been silent for 15m'],
      ['ParseSlow', 'warning', 'parser', 'Messages take 1.6s to be understood'],
    ],
  },
  federation: {
    components: { licences: null, 'match-scores': 'degraded', audit: null },
    beats: ['sync'],
    events: { licence_applications: [30, 0, 0], audit_complete: [200, 0, 0] },
    latencies: { score_latency: [100, 500, 1800] },
    alerts: [['ScoresLate', 'critical', 'match-scores', 'Scores are shown 4.8s late']],
  },
};
const MINUTE = 60_000;
// The bad quarter, in minutes ago.
const BAD = [45, 30];
const PATIENCE = 30;

const [tenant, ...options] = process.argv.slice(2);
const traffic = TENANTS[tenant];
if (!traffic) {
  fail(`expected one of ${Object.keys(TENANTS).join(', ')}, got ${tenant}`);
}
const server = (process.env.PLIMSOLL_URL ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
const chance = seeded(option('--seed', 1));
const minutes = option('--minutes', 120);
const now = Math.floor(Date.now() / MINUTE) * MINUTE - 5_000;

function fail(reason) {
  console.error(`traffic: ${reason}`);
  process.exit(1);
}

function option(name, usual) {
  const at = options.indexOf(name);
  const value = at < 0 ? usual : Number(options[at + 1]);
  return Number.isInteger(value) && value > 0 ? value : fail(`expected a number after ${name}`);
}

// Mulberry32: small, and the same everywhere.
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

async function ask(method, path, body) {
  const answer = await fetch(server + path, {
    method,
    headers: { authorization: `Bearer ${process.env.PLIMSOLL_KEY ?? ''}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  }).catch((error) => fail(`${server}: ${error.cause?.message ?? error.message}`));
  const text = await answer.text();
  return answer.ok ? text && JSON.parse(text) : fail(`${method} ${path} was answered ${answer.status}: ${text}`);
}

const at = (ago) => new Date(now - ago * MINUTE).toISOString();
const isBad = (ago) => ago <= BAD[0] && ago > BAD[1];

async function samples() {
  const all = [];
  for (let ago = minutes; ago >= 1; ago -= 1) {
    for (const [component, bad] of Object.entries(traffic.components)) {
      const status = isBad(ago) && bad ? bad : 'operational';
      all.push({ component, at: at(ago), status });
    }
  }
  for (const component of Object.keys(traffic.components)) {
    all.push({ component, at: new Date().toISOString(), status: 'operational' });
  }
  return ask('POST', `/tenants/${tenant}/samples`, { samples: all });
}

async function measurements() {
  const push = (body) => ask('POST', `/observability/slo/measure/${tenant}`, body);
  for (let ago = minutes; ago >= 5; ago -= 5) {
    const bad = isBad(ago);
    for (const [slo_type, [valid, usually, badly]] of Object.entries(traffic.events)) {
      const lost = Array.from({ length: valid }, chance).filter((drawn) => drawn < (bad ? badly : usually));
      await push({ slo_type, at: at(ago), valid, good: valid - lost.length });
    }
    for (const [slo_type, [count, usually, badly]] of Object.entries(traffic.latencies)) {
      const latencies_ms = Array.from({ length: count }, () => Math.round((bad ? badly : usually) * (0.5 + chance())));
      await push({ slo_type, at: at(ago), latencies_ms });
    }
  }
}

// As an Alertmanager puts it, with the labels and annotations of the tenant's rules.yaml.
async function alerts(status) {
  const list = traffic.alerts.map(([alertname, severity, component, summary], index) => ({
    status,
    labels: { alertname, severity, component },
    annotations: { summary, description: 'Played by examples/traffic.mjs.' },
    startsAt: at(BAD[0]),
    endsAt: status === 'resolved' ? at(BAD[1]) : '0001-01-01T00:00:00Z',
    fingerprint: `${tenant}-${index}`,
  }));
  const told = await ask('POST', `/observability/alerts/alertmanager/${tenant}`, { version: '4', alerts: list });
  return told.alerts;
}

// What is over before anybody was told of it is not told at all: so the news is waited for.
async function heard(fired) {
  for (let second = 0; second < PATIENCE; second += 1) {
    const states = [];
    for (const { alert_id } of fired) {
      const alert = await ask('GET', `/observability/alerts/history/${tenant}/${alert_id}`);
      states.push(...alert.deliveries.map((delivery) => delivery.state));
    }
    if (!states.some((state) => state === 'waiting' || state === 'sending')) {
      return;
    }
    await new Promise((go) => setTimeout(go, 1_000));
  }
  console.error(`traffic: some receivers have not taken the alerts within ${PATIENCE} s; going on`);
}

for (const component of traffic.beats) {
  await ask('POST', `/tenants/${tenant}/components/${component}/heartbeat`);
}
const { accepted } = await samples();
await measurements();
const fired = await alerts('firing');
await heard(fired);
await heard(await alerts('resolved'));
console.log(`${tenant}: ${accepted} samples, ${fired.length} alerts fired and resolved, seed ${option('--seed', 1)}`);
