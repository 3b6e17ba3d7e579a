// What the clients of the demonstration share: an ordinary kafkajs client, and where it has to look.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Kafka, logLevel, CompressionTypes } = require('kafkajs');

export { CompressionTypes };

export function connect(broker, clientId) {
  return new Kafka({
    clientId,
    brokers: [broker],
    logLevel: process.env.DEMO_VERBOSE ? logLevel.INFO : logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: 15000,
    // A broker that is killed and started again is waited for.
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 60 },
  });
}

// One line of JSON on standard output is the whole answer of a program here.
export function answer(value) {
  process.stdout.write(JSON.stringify(value) + '\n');
}

export async function main(work) {
  try {
    await work(...process.argv.slice(2));
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error.stack ?? error}\n`);
    process.exit(1);
  }
}
