// load.mjs BROKER STREAM: creates the topics and sends every flight. Answers {records, topics}.
import { answer, connect, CompressionTypes, main } from './client.mjs';
import { flights, topics } from './events.mjs';

const batchRecords = 2000;
const batchesInFlight = 4;

await main(async (broker, stream) => {
  const kafka = connect(broker, 'demo-load');
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: Object.entries(topics).map(([topic, numPartitions]) => ({ topic: `${stream}:${topic}`, numPartitions })),
  });
  await admin.disconnect();

  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const waiting = new Map(); // topic -> messages not sent yet
  const sent = {};
  let inFlight = [];
  const flush = async (topic) => {
    const messages = waiting.get(topic) ?? [];
    waiting.set(topic, []);
    if (messages.length === 0) return;
    sent[topic] = (sent[topic] ?? 0) + messages.length;
    inFlight.push(
      producer.send({ topic: `${stream}:${topic}`, messages, acks: -1, compression: CompressionTypes.GZIP }),
    );
    if (inFlight.length < batchesInFlight) return;
    await Promise.all(inFlight);
    inFlight = [];
  };
  for (const { topic, ...message } of flights()) {
    if (!waiting.has(topic)) waiting.set(topic, []);
    waiting.get(topic).push(message);
    if (waiting.get(topic).length === batchRecords) await flush(topic);
  }
  for (const topic of waiting.keys()) await flush(topic);
  await Promise.all(inFlight);
  await producer.disconnect();
  answer({ records: Object.values(sent).reduce((a, b) => a + b, 0), topics: sent });
});
