// What tools built on kafkajs do: create, grow, describe and delete topics, look at offsets.
import { assert, kafka, main, using } from './support.mjs';

const topic = '/activity:made';

await main(async () => {
  await using(kafka.admin(), async (admin) => {
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] }), true);
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] }), false);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    assert.equal(topics[0].partitions.length, 4);
    await using(kafka.producer(), (producer) =>
      producer.send({
        topic,
        messages: [1, 2, 3].map((n) => ({ value: String(n), partition: 1, timestamp: String(n * 1000) })),
      }),
    );
    const offsets = await admin.fetchTopicOffsets(topic);
    assert.deepEqual(offsets.find((one) => one.partition === 1), { partition: 1, offset: '3', high: '3', low: '0' });
    const byTime = await admin.fetchTopicOffsetsByTimestamp(topic, 2000);
    assert.equal(byTime.find((one) => one.partition === 1).offset, '1');
    const cluster = await admin.describeCluster();
    assert.equal(`${cluster.brokers[0].host}:${cluster.brokers[0].port}`, process.argv[2]);
    await admin.deleteTopics({ topics: [topic] });
    const left = await admin.listTopics();
    assert.ok(!left.includes(topic), String(left));
  });
});
