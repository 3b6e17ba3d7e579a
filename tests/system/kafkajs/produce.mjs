// Plain, compressed and idempotent sends; then everything is read back.
import { assert, CompressionTypes, kafka, main, using, waitUntil } from './support.mjs';

const topic = '/activity:js';
const message = (number) => ({
  key: `key ${number}`,
  value: `value ${number}`,
  headers: { one: '1', many: ['a', 'b'] },
  timestamp: String(1_600_000_000_000 + number),
});
const range = (begin, end) => Array.from({ length: end - begin }, (_, i) => message(begin + i));

await main(async () => {
  await using(kafka.producer(), async (producer) => {
    const [placed] = await producer.send({ topic, acks: -1, messages: range(0, 1000) });
    assert.equal(placed.errorCode, 0);
    assert.equal(placed.baseOffset, '0');
    await producer.send({ topic, acks: -1, compression: CompressionTypes.GZIP, messages: range(1000, 2000) });
  });
  await using(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }), (producer) =>
    producer.send({ topic, acks: -1, messages: range(2000, 3000) }),
  );
  const read = [];
  await using(kafka.consumer({ groupId: 'reader' }), async (consumer) => {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => read.push(message) });
    await waitUntil('all is read', () => read.length === 3000);
  });
  assert.deepEqual(read.map((one) => one.value.toString()), range(0, 3000).map((one) => one.value));
  assert.equal(read[7].headers.one.toString(), '1');
  assert.equal(read[7].timestamp, '1600000000007');
});
