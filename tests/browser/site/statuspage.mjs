// The client that npm has for Statuspage, pointed at a page of ours: who has scripts for Statuspage need only change the host.
import { load } from '../lib/packages.mjs';

/** All that the client reads from under `base`, by the name of the call; fails with the first that is not answered. */
export async function statuspage(base) {
  const { Statuspage } = load('statuspage.io');
  const client = new Statuspage('ours');
  client.setApiUrl(base);
  const { incidents, scheduledMaintenances } = client.api;
  // Its `getActive` asks for what comes, and so for what `getUpcoming` asks for.
  const calls = {
    summary: () => client.api.getSummary(),
    status: () => client.api.getStatus(),
    components: () => client.api.getComponents(),
    incidents: () => incidents.getAll(),
    unresolved: () => incidents.getUnresolved(),
    maintenances: () => scheduledMaintenances.getAll(),
    upcoming: () => scheduledMaintenances.getUpcoming(),
  };
  const told = {};
  for (const [name, call] of Object.entries(calls)) {
    told[name] = await call().catch((error) => {
      throw new Error(`Statuspage's client asks ${base} for ${name}: ${error.message}`);
    });
  }
  return told;
}
