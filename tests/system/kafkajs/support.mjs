// kafkajs is installed once, for the demonstration; and what the programs here share.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../tools/demo/package.json', import.meta.url));
const { Kafka, logLevel, CompressionTypes } = require('kafkajs');

export { assert, CompressionTypes };

export const kafka = new Kafka({ clientId: 'test', brokers: [process.argv[2]], logLevel: logLevel.NOTHING });

export async function waitUntil(what, condition, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export async function using(client, work) {
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.disconnect();
  }
}

export async function main(work) {
  try {
    await work();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  }
}
