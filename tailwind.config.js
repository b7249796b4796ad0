/**
 * What the style sheet may be made of. The colours live with the themes in
 * views/styles/app.css; the sources that are scanned for class names are named
 * there too, so that compiled output is never scanned.
 *
 * @type {import('tailwindcss').Config}
 */
export default {
  theme: {
    extend: {
      fontFamily: {
        sans: ['system-ui', '-apple-system', 'Segoe UI', 'Roboto', 'Inter', 'Noto Sans', 'Liberation Sans', 'sans-serif'],
        mono: ['ui-monospace', 'SFMono-Regular', 'Menlo', 'Consolas', 'Liberation Mono', 'DejaVu Sans Mono', 'monospace'],
      },
    },
  },
};
