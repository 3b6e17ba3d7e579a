// digest.mjs BROKER STREAM TOPIC,TOPIC...: reads everything and answers, for each partition, {records, first, last,
// digest}: SHA-256 over offset, timestamp, key, headers and value of each record in turn, with their lengths.
import { createHash, randomUUID } from 'node:crypto';
import { answer, main } from './client.mjs';
import { readAll, topicsOf } from './reading.mjs';

function fieldsOf({ offset, timestamp, key, headers, value }) {
  const fields = [offset, timestamp, key, value];
  for (const [name, held] of Object.entries(headers ?? {})) {
    for (const one of [held].flat()) fields.push(name, one);
  }
  return fields;
}

function add(hash, message) {
  const fields = fieldsOf(message);
  const lengths = fields.map((field) => (field === null || field === undefined ? -1 : Buffer.byteLength(field)));
  hash.update(`${lengths.join(',')}\n`);
  for (const field of fields) if (field !== null && field !== undefined) hash.update(field);
}

await main(async (broker, stream, names) => {
  const seen = {};
  await readAll({
    broker,
    groupId: `digest-${randomUUID()}`,
    topics: topicsOf(stream, names.split(',')),
    take: (topic, partition, message) => {
      const one = (seen[`${topic.split(':').pop()}/${partition}`] ??= {
        records: 0,
        first: Number(message.offset),
        last: -1,
        hash: createHash('sha256'),
      });
      one.records++;
      one.last = Number(message.offset);
      add(one.hash, message);
    },
  });
  answer(
    Object.fromEntries(
      Object.entries(seen).map(([id, { hash, ...rest }]) => [id, { ...rest, digest: hash.digest('hex') }]),
    ),
  );
});
