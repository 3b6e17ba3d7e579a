// Commit, abort, positions in a transaction, and a second producer with the same id that fences the first.
import { assert, kafka, main, using, waitUntil } from './support.mjs';

const topic = '/activity:moved';
const settings = (transactionalId) => ({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
const messages = (...values) => values.map((value) => ({ value }));

async function readCommitted(groupId, count) {
  const read = [];
  await using(kafka.consumer({ groupId }), async (consumer) => {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => read.push(message.value.toString()) });
    await waitUntil(`${count} messages are read`, () => read.length >= count);
  });
  return read;
}

await main(async () => {
  await using(kafka.admin(), (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }));
  await using(kafka.producer(settings('mover')), async (producer) => {
    const kept = await producer.transaction();
    await kept.send({ topic, messages: messages('one', 'two') });
    await kept.sendOffsets({
      consumerGroupId: 'moving',
      topics: [{ topic, partitions: [{ partition: 0, offset: '2' }] }],
    });
    await kept.commit();
    const dropped = await producer.transaction();
    await dropped.send({ topic, messages: messages('never') });
    await dropped.sendOffsets({
      consumerGroupId: 'moving',
      topics: [{ topic, partitions: [{ partition: 0, offset: '9' }] }],
    });
    await dropped.abort();
    const last = await producer.transaction();
    await last.send({ topic, messages: messages('three') });
    await last.commit();
  });
  assert.deepEqual(await readCommitted('reader', 3), ['one', 'two', 'three']);
  const [{ partitions }] = await kafka.admin().fetchOffsets({ groupId: 'moving', topics: [topic] });
  assert.equal(partitions[0].offset, '2');

  await using(kafka.producer(settings('mover')), async (old) => {
    const open = await old.transaction();
    await open.send({ topic, messages: messages('of the old one') });
    await using(kafka.producer(settings('mover')), async (fresh) => {
      const next = await fresh.transaction();
      await next.send({ topic, messages: messages('four') });
      await next.commit();
    });
    await assert.rejects(open.commit(), /epoch|fenced/i);
  });
  assert.deepEqual(await readCommitted('reader again', 4), ['one', 'two', 'three', 'four']);
});
