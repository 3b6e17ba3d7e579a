// What the programs for Node.js share: they walk through features and say of each how it went; see ../../walker.py.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export { assert };
export const broker = process.argv[2];
export const port = Number(broker.split(':')[1]);
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export class Absent extends Error {}

const say = (...words) => process.stdout.write(`${words.join(' ').replaceAll('\n', ' | ')}\n`);

export async function killAndRestart() {
  say('@restart');
  assert.equal((await input.next()).value, 'go');
}

export async function waitUntil(what, condition, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const numbered = (count, begin = 0) => Array.from({ length: count }, (_, i) => String(begin + i));

export const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

// A feature that works may give a remark.
export async function walk(version, features) {
  say('@client', version);
  for (const name of process.argv.slice(3)) {
    say('@begin', name);
    try {
      if (!features[name]) throw new Error('this program has no such feature');
      say('@ok', name, (await features[name]()) ?? '');
    } catch (error) {
      if (error instanceof Absent) {
        say('@absent', name, error.message);
      } else {
        process.stdout.write(`${error.stack}\n`);
        for (const one of error.errors ?? []) process.stdout.write(`${one.stack} ${one.apiId ?? ''}\n`);
        say('@failed', name, `${error.name}: ${error.message}`);
      }
    }
  }
  process.exit(0);
}

process.on('unhandledRejection', (error) => process.stdout.write(`unhandled: ${error?.stack}\n`));
