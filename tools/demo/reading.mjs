// Reads partitions from the offset of a group, or from the beginning, up to where they end when it is called.
import { connect } from './client.mjs';

export const topicsOf = (stream, names) => names.map((name) => `${stream}:${name}`);

// {topic: [{partition, low, high}]}
export async function endsOf(kafka, topics) {
  const admin = kafka.admin();
  await admin.connect();
  const ends = {};
  for (const topic of topics) {
    ends[topic] = (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => ({
      partition,
      low: Number(low),
      high: Number(high),
    }));
  }
  await admin.disconnect();
  return ends;
}

async function committedOf(kafka, groupId, topics) {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchOffsets({ groupId, topics });
  await admin.disconnect();
  const committed = new Map();
  for (const { topic, partitions } of offsets) {
    for (const { partition, offset } of partitions) committed.set(`${topic}/${partition}`, Number(offset));
  }
  return committed;
}

// Calls `take(topic, partition, message)` for every record once, and commits what was taken if `commit`. Ends at the
// ends, or after `limit` records. Answers how many records were taken.
export async function readAll({ broker, groupId, topics, limit = Infinity, commit = false, take }) {
  const kafka = connect(broker, groupId);
  const ends = await endsOf(kafka, topics);
  const committed = commit ? await committedOf(kafka, groupId, topics) : new Map();
  const open = new Set(); // partitions not read to their end
  for (const topic of topics) {
    for (const { partition, low, high } of ends[topic]) {
      const begin = Math.max(low, committed.get(`${topic}/${partition}`) ?? low);
      if (begin < high) open.add(`${topic}/${partition}`);
    }
  }
  const endOf = (topic, partition) => ends[topic].find((end) => end.partition === partition).high;
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10000, maxWaitTimeInMs: 100, maxBytes: 16 << 20 });
  const next = new Map(); // what to commit
  let taken = 0;
  await new Promise((resolve, reject) => {
    if (open.size === 0) return resolve();
    const eachBatch = async ({ batch, heartbeat }) => {
      const id = `${batch.topic}/${batch.partition}`;
      for (const message of batch.messages) {
        if (taken === limit || !open.has(id)) break;
        take(batch.topic, batch.partition, message);
        taken++;
        next.set(id, { topic: batch.topic, partition: batch.partition, offset: String(Number(message.offset) + 1) });
        if (Number(message.offset) + 1 >= endOf(batch.topic, batch.partition)) open.delete(id);
      }
      await heartbeat();
      if (taken === limit || open.size === 0) resolve();
    };
    const run = async () => {
      consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error));
      await consumer.connect();
      await consumer.subscribe({ topics, fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch });
    };
    run().catch(reject);
  });
  if (commit && next.size > 0) await consumer.commitOffsets([...next.values()]);
  await consumer.disconnect();
  return taken;
}
