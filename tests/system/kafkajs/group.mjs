// Three members share six partitions, one leaves, the rest take over; nothing is read twice and nothing is missed.
import { assert, kafka, main, using, waitUntil } from './support.mjs';

const topic = '/activity:wide';
const partitions = 6;
const perRound = 300;

function member(number) {
  const timeouts = { sessionTimeout: 8000, heartbeatInterval: 300, rebalanceTimeout: 8000 };
  const consumer = kafka.consumer({ groupId: 'crowd', ...timeouts });
  const one = { number, consumer, assigned: [], read: [] };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => (one.assigned = payload.memberAssignment[topic] ?? []));
  consumer.on(consumer.events.REBALANCING, () => (one.assigned = []));
  return one;
}

async function start(one) {
  await one.consumer.connect();
  await one.consumer.subscribe({ topic, fromBeginning: true });
  await one.consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ partition, message }) => one.read.push(`${partition}/${message.offset}`),
  });
}

function shared(members) {
  const held = members.flatMap((one) => one.assigned).sort();
  return held.join() === '0,1,2,3,4,5' && members.every((one) => one.assigned.length > 0);
}

const send = () =>
  using(kafka.producer(), (producer) =>
    producer.send({
      topic,
      acks: -1,
      messages: Array.from({ length: perRound }, (_, i) => ({ value: String(i), partition: i % partitions })),
    }),
  );

await main(async () => {
  await using(kafka.admin(), (admin) => admin.createTopics({ topics: [{ topic, numPartitions: partitions }] }));
  const members = [1, 2, 3].map(member);
  await Promise.all(members.map(start));
  await waitUntil('three members share the partitions', () => shared(members), 30);
  const all = [...members];
  const total = () => all.reduce((sum, one) => sum + one.read.length, 0);
  await send();
  await waitUntil('the first round is read', () => total() === perRound);
  await members.shift().consumer.disconnect();
  await waitUntil('two members share the partitions', () => shared(members), 30);
  await send();
  await waitUntil('the second round is read', () => total() === 2 * perRound);
  await Promise.all(members.map((one) => one.consumer.disconnect()));
  const read = all.flatMap((one) => one.read);
  assert.equal(new Set(read).size, read.length, 'something was read twice');
  await using(kafka.admin(), async (admin) => {
    const [{ partitions: committed }] = await admin.fetchOffsets({ groupId: 'crowd', topics: [topic] });
    assert.deepEqual(committed.map((one) => Number(one.offset)), Array(partitions).fill((2 * perRound) / partitions));
    const { groups } = await admin.describeGroups(['crowd']);
    assert.equal(groups[0].state, 'Empty');
    await admin.deleteGroups(['crowd']);
    assert.ok(!(await admin.listGroups()).groups.some((group) => group.groupId === 'crowd'));
  });
});
