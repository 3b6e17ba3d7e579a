// live.mjs BROKER STREAM: goes on sending bird strikes until standard input ends, also while the broker is killed and
// started again. The producer is idempotent, so that what it sends twice is stored once. Answers {acknowledged}.
import { answer, connect, main } from './client.mjs';
import { birdstrikes } from './events.mjs';

const batchRecords = 25;

await main(async (broker, stream) => {
  let stopped = false;
  process.stdin.on('end', () => (stopped = true)).resume();
  const producer = connect(broker, 'demo-live').producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  const events = birdstrikes();
  let acknowledged = 0;
  process.stderr.write('sending\n');
  while (!stopped) {
    const messages = Array.from({ length: batchRecords }, () => {
      const { topic, ...message } = events.next().value;
      return message;
    });
    await producer.send({ topic: `${stream}:birdstrikes`, messages, acks: -1 });
    acknowledged += messages.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await producer.disconnect();
  answer({ acknowledged });
});
