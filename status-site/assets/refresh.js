// Keeps a page current: asks for it again every 30 s, and takes over the parts marked data-live that came to say something
// else. What a reader has unfolded, chosen or focused stays so, and the page does not move under their eyes. When no good
// answer comes within 5 s it keeps what it shows, and says how old that is. Lines like these do not leave the server.
(() => {
  const [every, patience] = [30000, 5000];
  const find = (id) => document.getElementById(id);
  const [note, say] = [find('live-note'), find('live-say')];
  const live = (page) => [...page.querySelectorAll('[data-live]')];
  const ids = (page) => live(page).map((part) => part.id).join();
  const headline = (page) => page.querySelector('[data-say]')?.textContent.trim().replace(/\s+/g, ' ') ?? '';
  const stops = (part) => [...part.querySelectorAll('a,summary,input,button')];
  const held = new Map();
  const hold = () => live(document).forEach((part) => held.set(part.id, part.outerHTML));
  let [timer, asking, known, good, skew] = [0, null, '', Date.now(), 0];

  // Puts one part in place of another.
  const put = (old, part) => {
    const was = stops(old);
    const at = was.indexOf(document.activeElement);
    const chosen = was.map((stop) => stop.checked);
    const open = [...old.querySelectorAll('details[open]')].map((one) => one.id);
    old.replaceWith(part);
    const now = stops(part);
    if (now.length === was.length) now.forEach((stop, n) => chosen[n] && (stop.checked = true));
    for (const id of open) find(id)?.setAttribute('open', '');
    if (at >= 0) (now.find((stop) => stop.isEqualNode(was[at])) ?? now[at])?.focus({ preventScroll: true });
  };

  const take = (text) => {
    const next = new DOMParser().parseFromString(text, 'text/html');
    // What had nothing to show yet begins anew.
    if (ids(next) && !ids(document)) return location.reload();
    const before = headline(document);
    const seen = live(document).find((part) => part.getBoundingClientRect().bottom > 0);
    const top = seen?.getBoundingClientRect().top;
    if (ids(next) === ids(document)) {
      for (const part of live(next)) {
        const html = part.outerHTML;
        if (html !== held.get(part.id)) put(find(part.id), part);
        held.set(part.id, html);
      }
    } else if (next.querySelector('main')) {
      put(document.querySelector('main'), next.querySelector('main'));
      hold();
    }
    const again = seen && find(seen.id);
    if (again && scrollY) scrollBy(0, again.getBoundingClientRect().top - top);
    if (document.title !== next.title) document.title = next.title;
    const after = headline(document);
    if (after !== before) say.textContent = after;
  };

  const tell = () => {
    if (!ids(document)) return;
    const shown = Date.parse(document.querySelector('[data-as-of]')?.dateTime);
    const age = Math.max(Date.now() - good, Date.now() + skew - shown || 0) / 1000;
    const unit = age < 60 ? 0 : age < 3600 ? 1 : 2;
    const figure = `${Math.floor(age / [1, 60, 3600][unit])} ${note.dataset.units.split(' ')[unit]}`;
    note.textContent = note.dataset.old.replace('{age}', figure);
  };

  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden || asking) return;
    asking = new AbortController();
    const end = setTimeout(() => asking.abort(), patience);
    try {
      if (!navigator.onLine) throw 0;
      const answer = await fetch(location.href, { cache: 'no-cache', signal: asking.signal });
      if (!answer.ok) throw 0;
      const text = await answer.text();
      if (text !== known) take(text);
      [known, good] = [text, Date.now()];
      skew = Date.parse(answer.headers.get('date')) - good || 0;
      note.textContent = '';
    } catch {
      tell();
    }
    clearTimeout(end);
    asking = null;
    timer = setTimeout(ask, every);
  };

  hold();
  document.addEventListener('visibilitychange', ask);
  addEventListener('online', ask);
  addEventListener('offline', tell);
  timer = setTimeout(ask, every);
})();
