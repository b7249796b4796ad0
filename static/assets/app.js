// The page script: a theme switch, "copy" and "print" buttons, menus, the search over every page, keys,
// times by the clock of whoever looks, and ages that stay true while a page stays open. Every page
// works without it.
(() => {
  'use strict';

  const root = document.documentElement;
  const themes = ['system', 'light', 'dark'];
  root.classList.add('scripted');

  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const keep = (name, value) => {
    try {
      localStorage.setItem(name, value);
    } catch {
      // A browser that keeps nothing shows the choice until the page is left.
    }
  };
  const storedTheme = () => (themes.includes(kept('theme')) ? kept('theme') : 'system');

  // This part runs before the body is drawn, so that no page flashes in the wrong theme.
  const applyTheme = (theme) => {
    if (theme === 'system') root.removeAttribute('data-theme');
    else root.setAttribute('data-theme', theme);
    root.setAttribute('data-theme-choice', theme);
    for (const button of document.querySelectorAll('[data-theme-switch]')) {
      button.setAttribute('aria-label', `Theme: ${theme}. Change it`);
      button.setAttribute('title', `Theme: ${theme}`);
      for (const icon of button.querySelectorAll('[data-theme-icon]')) {
        icon.classList.toggle('hidden', icon.getAttribute('data-theme-icon') !== theme);
      }
    }
  };
  applyTheme(storedTheme());

  const nextTheme = () => {
    const now = root.getAttribute('data-theme-choice');
    const next = themes[(themes.indexOf(now) + 1) % themes.length];
    keep('theme', next);
    applyTheme(next);
  };

  const announce = (sentence) => {
    const announcer = document.getElementById('announcer');
    if (announcer) announcer.textContent = sentence;
  };

  const copy = async (button) => {
    const from = document.getElementById(button.getAttribute('data-copy'));
    const label = button.querySelector('[data-copy-label]') ?? button;
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(from.textContent);
      label.textContent = 'Copied';
      announce('Copied');
    } catch {
      getSelection().selectAllChildren(from);
      label.textContent = 'Selected: press Ctrl+C';
    }
    setTimeout(() => { label.textContent = before; }, 2000);
  };

  // The same words as views/human/age.go, which draws them first.
  const span = (seconds) => {
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} days`;
  };
  const age = (seconds) => {
    if (seconds >= 0) return seconds < 45 ? 'just now' : `${span(seconds)} ago`;
    return seconds > -45 ? 'in a moment' : `in ${span(-seconds)}`;
  };
  const refreshAges = () => {
    for (const element of document.querySelectorAll('time[data-age]')) {
      const then = Date.parse(element.getAttribute('datetime'));
      const words = age(Math.trunc((Date.now() - then) / 1000));
      if (element.textContent !== words) element.textContent = words;
    }
  };

  // One box in a table's heading ticks those of its rows.
  document.addEventListener('change', (event) => {
    const all = event.target instanceof Element ? event.target.closest('[data-tick-all]') : null;
    for (const box of all?.closest('table').querySelectorAll(`input[name="${all.getAttribute('data-tick-all')}"]`) ?? []) {
      box.checked = all.checked;
    }
  });

  // The server tells times by the zone of this cookie. Before it knows one, or when somebody has
  // travelled, the times of the page are told anew, with the words of views/human/age.go.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const strange = zone && root.getAttribute('data-zone') !== zone;
  if (strange) document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === 'https:' ? '; Secure' : ''}`;
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const tellZone = () => {
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    for (const element of document.querySelectorAll('time[datetime]')) {
      const then = new Date(element.getAttribute('datetime'));
      if (Number.isNaN(then.getTime())) continue;
      const at = Object.fromEntries(clock.formatToParts(then).map((part) => [part.type, part.value]));
      const utc = `${then.toISOString().slice(11, 19)} UTC`;
      if (element.hasAttribute('title')) element.title = `${at.year}-${at.month}-${at.day} ${at.hour}:${at.minute}:${at.second} ${zone}${zone === 'UTC' ? '' : ` (${utc})`}`;
      if (element.hasAttribute('data-clock')) element.textContent = `${at.weekday} ${Number(at.day)} ${months[at.month - 1]}, ${at.hour}:${at.minute}`;
    }
    for (const element of document.querySelectorAll('[data-zone-name]')) element.textContent = zone;
  };

  // The search and the list of keys are dialogs, fetched when they are first wanted. On the page of
  // the search its own field is used.
  let overlays = null;
  const overlay = async (id) => {
    const place = document.getElementById('overlays');
    if (!place) return;
    overlays ??= fetch('/search/palette', { headers: { 'HX-Request': 'true' } }).then(async (answer) => {
      if (!answer.ok) throw new Error(answer.statusText);
      place.innerHTML = await answer.text();
      window.htmx?.process(place);
      place.querySelector('[data-single-keys]').checked = kept('keys') !== 'off';
    });
    try {
      await overlays;
    } catch {
      overlays = null;
      if (id === 'palette') location.assign('/search');
      return;
    }
    const dialog = document.getElementById(id);
    if (!dialog.open && !document.querySelector('dialog[open]')) dialog.showModal();
    const field = dialog.querySelector('[data-find]');
    if (!field) return;
    field.value = '';
    field.dispatchEvent(new CustomEvent('refresh'));
    field.focus();
  };
  const search = () => {
    const field = document.querySelector('main [data-find]');
    if (field) field.select();
    else overlay('palette');
    return true;
  };
  const moveAmong = (finder, event) => {
    const field = finder.querySelector('[data-find]');
    const hits = [...finder.querySelectorAll('.hit')];
    const at = hits.indexOf(document.activeElement);
    if (event.key === 'ArrowDown') hits[Math.min(at + 1, hits.length - 1)]?.focus();
    else if (event.key === 'ArrowUp') (hits[at - 1] ?? field).focus();
    else {
      if (at >= 0 && event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey) field.focus();
      return;
    }
    event.preventDefault();
  };

  // Single keys do nothing while somebody types, and can be switched off.
  let gone = -Infinity; // when "g" was pressed
  const single = (event) => {
    if (kept('keys') === 'off' || document.querySelector('dialog[open]')) return false;
    const going = event.timeStamp - gone < 1500;
    gone = -Infinity;
    if (going) {
      const entry = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
      entry?.click();
      return entry;
    }
    if (event.key === '/') return search();
    if (event.key === '?') return overlay('keys');
    if (event.key === 'g') gone = event.timeStamp;
    return false;
  };
  const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;

  document.addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.matches('dialog[open]')) event.target.close();
    if (event.target.closest('a[data-palette]') && plain(event) && !event.shiftKey) {
      search();
      event.preventDefault();
    }
    const button = event.target.closest('button');
    if (!button) return;
    if (button.hasAttribute('data-theme-switch')) nextTheme();
    if (button.hasAttribute('data-copy')) copy(button);
    if (button.hasAttribute('data-print')) print();
    if (button.hasAttribute('data-keys')) overlay('keys');
  });
  // Enter opens the first of what was found, when that is of what was typed.
  document.addEventListener('submit', (event) => {
    const finder = event.target.closest('[data-finder]');
    const typed = event.target.querySelector('[data-find]')?.value.trim();
    const first = finder?.querySelector('.hit');
    if (!first || finder.querySelector('[data-query]').getAttribute('data-query') !== typed) return;
    event.preventDefault();
    first.click();
  });
  document.addEventListener('change', (event) => {
    if (event.target.matches('[data-single-keys]')) keep('keys', event.target.checked ? 'on' : 'off');
  });
  document.addEventListener('htmx:afterSwap', (event) => {
    const status = event.target.closest?.('[data-finder]')?.querySelector('[role="status"]');
    if (status) status.textContent = event.target.querySelector('[data-count]')?.getAttribute('data-count') ?? '';
  });

  // The days of a strip are told one by one by the arrow keys.
  const leaveStrip = (strip) => {
    strip?.querySelector('rect.at')?.classList.remove('at');
    strip?.querySelector('.strip-tip')?.remove();
  };
  const moveInStrip = (strip, key) => {
    const days = [...strip.querySelectorAll('rect')];
    const last = days.length - 1;
    const at = days.findIndex((day) => day.classList.contains('at'));
    const to = { ArrowLeft: at < 0 ? last : Math.max(at - 1, 0), ArrowRight: at < 0 ? last : Math.min(at + 1, last), Home: 0, End: last }[key];
    if (to === undefined || last < 0) return false;
    leaveStrip(strip);
    days[to].classList.add('at');
    const tip = document.createElement('span');
    tip.className = 'strip-tip';
    tip.setAttribute('aria-hidden', 'true'); // it is announced
    tip.textContent = days[to].querySelector('title').textContent;
    strip.append(tip);
    announce(tip.textContent);
    return true;
  };
  document.addEventListener('focusout', (event) => leaveStrip(event.target.closest?.('[data-strip]')));

  // A menu closes when somebody turns to something else.
  const closeMenus = (but) => {
    for (const menu of document.querySelectorAll('details[data-menu][open]')) {
      if (!menu.contains(but)) menu.open = false;
    }
  };
  document.addEventListener('pointerdown', (event) => closeMenus(event.target));
  document.addEventListener('keydown', (event) => {
    const on = event.target instanceof Element ? event.target : root;
    if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      search();
      event.preventDefault();
      return;
    }
    const finder = on.closest('[data-finder]');
    if (finder) moveAmong(finder, event);
    else if (plain(event) && !on.closest('input, textarea, select, [contenteditable]') && single(event)) event.preventDefault();
    const strip = on.closest('[data-strip]');
    if (strip && plain(event) && moveInStrip(strip, event.key)) event.preventDefault();
    if (event.key !== 'Escape') return;
    leaveStrip(strip);
    const menu = document.querySelector('details[data-menu][open]');
    closeMenus(null);
    menu?.querySelector('summary').focus();
  });
  // As soon as all of the page is there, and before anything else runs.
  document.addEventListener('readystatechange', () => {
    if (document.readyState !== 'interactive') return;
    applyTheme(storedTheme());
    if (strange) tellZone();
    setInterval(refreshAges, 15000);
  });
})();
