// The page script: a theme switch, "copy" buttons, and ages that stay true while
// a page stays open. Every page works without it.
(() => {
  'use strict';

  const root = document.documentElement;
  const themes = ['system', 'light', 'dark'];
  root.classList.add('scripted');

  const storedTheme = () => {
    try {
      const kept = localStorage.getItem('theme');
      return themes.includes(kept) ? kept : 'system';
    } catch {
      return 'system';
    }
  };

  const keepTheme = (theme) => {
    try {
      localStorage.setItem('theme', theme);
    } catch {
      // A browser that keeps nothing shows the choice until the page is left.
    }
  };

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
    keepTheme(next);
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

  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (!button) return;
    if (button.hasAttribute('data-theme-switch')) nextTheme();
    if (button.hasAttribute('data-copy')) copy(button);
  });
  document.addEventListener('DOMContentLoaded', () => {
    applyTheme(storedTheme());
    setInterval(refreshAges, 15000);
  });
})();
