// group.mjs BROKER STREAM TOPIC,TOPIC... GROUP [LIMIT]: a member of a consumer group; it commits what it took and
// leaves. Answers {taken, offsets}: for each partition the offsets that were taken, as ranges [first, last] in the
// order in which they came.
import { answer, main } from './client.mjs';
import { readAll, topicsOf } from './reading.mjs';

await main(async (broker, stream, names, groupId, limit) => {
  const offsets = {};
  const taken = await readAll({
    broker,
    groupId,
    topics: topicsOf(stream, names.split(',')),
    limit: limit === undefined ? Infinity : Number(limit),
    commit: true,
    take: (topic, partition, message) => {
      const ranges = (offsets[`${topic}/${partition}`] ??= []);
      const offset = Number(message.offset);
      if (ranges.length > 0 && ranges.at(-1)[1] + 1 === offset) ranges.at(-1)[1] = offset;
      else ranges.push([offset, offset]);
    },
  });
  answer({ taken, offsets });
});
