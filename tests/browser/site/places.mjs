// Every page that a tenant's site has.
import { sending } from './reader.mjs';

const NO_EVENTS = { '[name=events][value=incident]': false, '[name=events][value=maintenance]': false };

/**
 * `says`: what must be read on it; `renews`: it reloads itself without scripts; `live`: it renews itself by its script;
 * `bare`: it has no head of its own to skip; `focus`: what has the focus at once; the rest is a `Reader`'s. `lang` asks for a
 * language, `locale` is what the browser asks for.
 */
export function pagesOf({ slug, component, incident, postmortem, month, confirm, manage, unsubscribe, key, ...told }) {
  const { says = {}, lang, locale } = told;
  const at = (part, more = {}) => {
    const path = `/s/${slug}${part}`;
    const asked = lang ? `${path}${path.includes('?') ? '&' : '?'}lang=${lang}` : path;
    return { path: asked, locale, ...more };
  };
  const faulty = sending({ '#field-address': 'nonsense', ...NO_EVENTS }, '.faults');
  const sent = sending({ '#field-address': 'somebody@example.com' }, '.message');
  const denied = sending({ '#password': 'not this one' }, '.fault');
  const report = `/tenants/${slug}/report?month=${month}&format=html`;
  const pages = {
    overview: at('', { renews: true, live: true, says: says.overview }),
    incidents: at('/incidents', { says: says.incidents }),
    incident: at(`/incidents/${incident}`, { live: true, says: says.incident }),
    postmortem: at(`/incidents/${postmortem}`, { says: says.postmortem }),
    component: at(`/components/${component}`, { live: true, says: says.component }),
    history: at('/history', { says: says.history }),
    before: at(`/history?month=${month}`, { says: says.before }),
    subscribe: at('/subscribe', { says: says.subscribe }),
    faults: at('/subscribe', { status: 422, come: faulty, focus: '.faults', says: says.faults }),
    sent: at('/subscribe', { come: sent }),
    login: at('/login', { says: says.login }),
    denied: at('/login', { status: 422, come: denied, focus: '#password' }),
    missing: at('/nothing/here', { status: 404 }),
    confirm: confirm && at(confirm),
    manage: manage && at(manage),
    unsubscribe: unsubscribe && at(unsubscribe),
    report: key && { path: report, locale, headers: { authorization: `Bearer ${key}` }, bare: true, says: says.report },
  };
  return Object.entries(pages).filter(([, page]) => page).map(([name, page]) => ({ name, ...page }));
}
