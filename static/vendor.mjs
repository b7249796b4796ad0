// Copies the one third-party script out of node_modules and prints its digest,
// which static/VENDOR.md and the test of this folder hold.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync('node_modules/htmx.org/package.json', 'utf8'));
const script = readFileSync('node_modules/htmx.org/dist/htmx.min.js');
writeFileSync('static/assets/htmx.min.js', script);
console.log(`htmx ${version} sha256 ${createHash('sha256').update(script).digest('hex')}`);
