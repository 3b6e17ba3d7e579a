// kafkajs. Its codecs but for gzip come from elsewhere, as its manual says.
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { Absent, assert, broker, killAndRestart, numbered, waitUntil, versionOf, walk } from './support.mjs';

const require = createRequire(import.meta.url);
const kafkajs = require('kafkajs');
const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs;
const lz4 = require('lz4js');

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy');
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async ({ buffer }) => Buffer.from(lz4.compress(buffer)),
  decompress: async (bytes) => Buffer.from(lz4.decompress(bytes)),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }) => promisify(zlib.zstdCompress)(buffer),
  decompress: promisify(zlib.zstdDecompress),
});

const topicOf = (name) => `/activity:kafkajs-${name}`;
const groupOf = (name) => `kafkajs-${name}`;
const retry = { initialRetryTime: 100, maxRetryTime: 1000, retries: 40 };
const kafka = new Kafka({ clientId: 'compat', brokers: [broker], logLevel: logLevel.WARN, retry });

async function using(client, work) {
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.disconnect();
  }
}

const withAdmin = (work) => using(kafka.admin(), work);

async function create(topic, numPartitions = 1) {
  assert.equal(await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions }] })), true);
  return topic;
}

const put = (topic, messages, options = {}, settings = {}) =>
  using(kafka.producer(settings), (producer) => producer.send({ topic, acks: -1, messages, ...options }));

const texts = (values, more = {}) => values.map((value) => ({ value, ...more }));

// Everything of a topic, and its consumer goes.
async function read(topic, count, settings = {}) {
  const found = [];
  await using(kafka.consumer({ groupId: `${topic}-${Math.random()}`, maxWaitTimeInMs: 100, ...settings }), async (consumer) => {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ partition, message }) => found.push({ partition, ...message }) });
    await waitUntil(`${count} messages of ${topic}`, () => found.length >= count);
  });
  assert.equal(found.length, count);
  return found;
}

const values = (messages) => messages.map((one) => one.value.toString());

async function codec(name, type) {
  const topic = await create(topicOf(name));
  const sent = numbered(1000).map((number) => `${name} ${number} ${'payload '.repeat(20)}`);
  await put(topic, texts(sent), { compression: type });
  assert.deepEqual(values(await read(topic, 1000)), sent);
}

function member(groupId, topic) {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 8000, heartbeatInterval: 300, maxWaitTimeInMs: 100 });
  const one = { consumer, assigned: [], read: [] };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => (one.assigned = payload.memberAssignment[topic] ?? []));
  one.start = async () => {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommitThreshold: 20,
      autoCommitInterval: 200,
      eachMessage: async ({ partition, message }) => one.read.push(`${partition}/${message.offset}`),
    });
  };
  return one;
}

// A group that has read a topic of ten messages.
async function seen(name) {
  const topic = await create(topicOf(name));
  await put(topic, texts(numbered(10)));
  const one = member(groupOf(name), topic);
  await one.start();
  await waitUntil('ten are read', () => one.read.length === 10);
  await one.consumer.disconnect();
  return topic;
}

const offsetOf = async (admin, groupId, topic) =>
  (await admin.fetchOffsets({ groupId, topics: [topic] }))[0].partitions[0].offset;

await walk(versionOf('kafkajs'), {
  async produce() {
    const topic = await create(topicOf('produce'));
    const headers = { colour: ['red', 'blue'], empty: '' };
    await put(topic, [
      { key: 'key', value: 'value', headers, timestamp: '1600000000123' },
      { key: 'only a key', value: null },
      { value: 'only a value' },
    ]);
    const [first, second, third] = await read(topic, 3);
    assert.deepEqual([first.key, first.value].map(String), ['key', 'value']);
    assert.deepEqual([first.headers.colour.map(String), String(first.headers.empty)], [['red', 'blue'], '']);
    assert.deepEqual([first.timestamp, first.offset], ['1600000000123', '0']);
    assert.deepEqual([second.value, third.key, third.value.toString()], [null, null, 'only a value']);
  },
  gzip: () => codec('gzip', CompressionTypes.GZIP),
  snappy: () => codec('snappy', CompressionTypes.Snappy),
  lz4: () => codec('lz4', CompressionTypes.LZ4),
  zstd: () => codec('zstd', CompressionTypes.ZSTD),
  async large() {
    const topic = await create(topicOf('large'));
    const sent = ['1', '2', '3'].map((digit) => digit.repeat(8_000_000));
    for (const value of sent) await put(topic, [{ value }]);
    assert.ok(values(await read(topic, 3)).every((value, i) => value === sent[i]));
  },
  async partitions() {
    const topic = await create(topicOf('partitions'), 200);
    await put(topic, numbered(200).map((value) => ({ value, partition: Number(value) })));
    const found = await read(topic, 200);
    assert.ok(found.every((one) => one.value.toString() === String(one.partition)));
  },
  async 'full-names'() {
    for (const stream of ['/activity', '/second']) await put(`${stream}:kafkajs-same`, [{ value: stream }]);
    for (const stream of ['/activity', '/second']) assert.deepEqual(values(await read(`${stream}:kafkajs-same`, 1)), [stream]);
  },
  async 'short-names'() {
    await put('kafkajs-short', [{ value: 'short' }]);
    for (const topic of ['kafkajs-short', '/default:kafkajs-short']) assert.deepEqual(values(await read(topic, 1)), ['short']);
  },
  async groups() {
    const topic = await create(topicOf('groups'), 6);
    const members = [member(groupOf('groups'), topic), member(groupOf('groups'), topic)];
    await Promise.all(members.map((one) => one.start()));
    const sizes = () => members.map((one) => one.assigned.length).join();
    await waitUntil('two members share six partitions', () => sizes() === '3,3');
    const send = () => put(topic, numbered(120).map((value) => ({ value, partition: Number(value) % 6 })));
    const total = () => members[0].read.length + members[1].read.length;
    await send();
    await waitUntil('all is read', () => total() === 120);
    await members[0].consumer.disconnect();
    await waitUntil('one member has all', () => members[1].assigned.length === 6);
    await send();
    await waitUntil('all is read', () => total() === 240);
    await members[1].consumer.disconnect();
    assert.equal(new Set(members.flatMap((one) => one.read)).size, 240);
  },
  async commits() {
    const topic = await create(topicOf('commits'));
    await put(topic, texts(numbered(40)));
    for (const [begin, count] of [[0, 40], [40, 60]]) {
      const one = member(groupOf('commits'), topic);
      await one.start();
      await waitUntil(`${count} are read`, () => one.read.length === count);
      await one.consumer.disconnect();
      assert.deepEqual(one.read, numbered(count, begin).map((offset) => `0/${offset}`));
      if (begin === 0) await put(topic, texts(numbered(60, 40)));
    }
    await withAdmin(async (admin) => assert.equal(await offsetOf(admin, groupOf('commits'), topic), '100'));
  },
  async 'consumer-groups'() {
    throw new Absent('kafkajs has classic groups only');
  },
  async idempotence() {
    const topic = await create(topicOf('idempotence'));
    await using(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }), async (producer) => {
      for (let i = 0; i < 10; ++i) await producer.send({ topic, acks: -1, messages: texts(numbered(100, i * 100)) });
    });
    assert.deepEqual(values(await read(topic, 1000)), numbered(1000));
  },
  async transactions() {
    const topic = await create(topicOf('transactions'));
    const settings = { transactionalId: 'kafkajs-transactions', idempotent: true, maxInFlightRequests: 1 };
    await using(kafka.producer(settings), async (producer) => {
      for (let i = 0; i < 6; ++i) {
        const transaction = await producer.transaction();
        await transaction.send({ topic, messages: texts(numbered(10, i * 10)) });
        await (i % 2 === 0 ? transaction.commit() : transaction.abort());
      }
    });
    const committed = [0, 2, 4].flatMap((i) => numbered(10, i * 10));
    assert.deepEqual(values(await read(topic, 30)), committed);
    assert.deepEqual(values(await read(topic, 60, { readUncommitted: true })), numbered(60));
  },
  async 'transaction-offsets'() {
    const topic = await seen('transaction-offsets');
    const target = await create(topicOf('transaction-target'));
    const consumerGroupId = groupOf('transaction-offsets');
    const settings = { transactionalId: 'kafkajs-offsets', idempotent: true, maxInFlightRequests: 1 };
    await using(kafka.producer(settings), (producer) =>
      withAdmin(async (admin) => {
        for (const [offset, commit, expected] of [['3', false, '10'], ['4', true, '4']]) {
          const transaction = await producer.transaction();
          await transaction.send({ topic: target, messages: [{ value: offset }] });
          await transaction.sendOffsets({ consumerGroupId, topics: [{ topic, partitions: [{ partition: 0, offset }] }] });
          await (commit ? transaction.commit() : transaction.abort());
          assert.equal(await offsetOf(admin, consumerGroupId, topic), expected);
        }
      }),
    );
    assert.deepEqual(values(await read(target, 1)), ['4']);
  },
  async fencing() {
    const topic = await create(topicOf('fencing'));
    const settings = { transactionalId: 'kafkajs-fencing', idempotent: true, maxInFlightRequests: 1 };
    await using(kafka.producer(settings), async (older) => {
      const fenced = await older.transaction();
      await fenced.send({ topic, messages: [{ value: 'older' }] });
      await using(kafka.producer(settings), async (newer) => {
        const transaction = await newer.transaction();
        await transaction.send({ topic, messages: [{ value: 'newer' }] });
        await transaction.commit();
      });
      await assert.rejects(fenced.commit(), { type: /INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/ });
    });
    assert.deepEqual(values(await read(topic, 1)), ['newer']);
  },
  async restart() {
    const topic = await create(topicOf('restart'));
    const one = member(groupOf('restart'), topic);
    await one.start();
    let acknowledged = 0;
    const load = using(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }), async (producer) => {
      for (; acknowledged < 5000; acknowledged += 50)
        await producer.send({ topic, acks: -1, messages: texts(numbered(50, acknowledged)) });
    });
    await waitUntil('some are acknowledged and read', () => acknowledged >= 500 && one.read.length > 0);
    await killAndRestart();
    await load;
    assert.deepEqual(values(await read(topic, 5000)), numbered(5000));
    await waitUntil('the consumer has gone on', () => new Set(one.read).size === 5000);
    await one.consumer.disconnect();
  },
  async topics() {
    const topic = await create(topicOf('topics'), 3);
    await withAdmin(async (admin) => {
      assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }), false);
      await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
      assert.equal((await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length, 5);
      assert.ok((await admin.listTopics()).includes(topic));
      await admin.deleteTopics({ topics: [topic] });
      assert.ok(!(await admin.listTopics()).includes(topic));
    });
  },
  async configs() {
    const topic = await create(topicOf('configs'));
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
    await withAdmin(async (admin) => {
      const value = async (name) =>
        (await admin.describeConfigs({ resources: [resource] })).resources[0].configEntries.find(
          (one) => one.configName === name,
        ).configValue;
      assert.equal(await value('message.timestamp.type'), 'CreateTime');
      await admin.alterConfigs({ resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '3600000' }] }] });
      assert.equal(await value('retention.ms'), '3600000');
    });
  },
  async 'group-admin'() {
    await seen('group-admin');
    const groupId = groupOf('group-admin');
    await withAdmin(async (admin) => {
      const listed = async () => (await admin.listGroups()).groups.some((one) => one.groupId === groupId);
      assert.ok(await listed());
      assert.equal((await admin.describeGroups([groupId])).groups[0].state, 'Empty');
      await admin.deleteGroups([groupId]);
      assert.ok(!(await listed()));
    });
  },
  async 'offset-admin'() {
    const topic = await seen('offset-admin');
    const groupId = groupOf('offset-admin');
    await withAdmin(async (admin) => {
      assert.equal(await offsetOf(admin, groupId, topic), '10');
      await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '4' }] });
      assert.equal(await offsetOf(admin, groupId, topic), '4');
      await admin.resetOffsets({ groupId, topic, earliest: true });
      assert.ok(Number(await offsetOf(admin, groupId, topic)) < 0, 'a position that is none');
      const [offsets] = await admin.fetchTopicOffsets(topic);
      assert.deepEqual([offsets.low, offsets.high], ['0', '10']);
      assert.equal((await admin.fetchTopicOffsetsByTimestamp(topic, 1))[0].offset, '0');
    });
  },
  async 'delete-records'() {
    const topic = await create(topicOf('delete-records'));
    await put(topic, texts(numbered(10)));
    await withAdmin(async (admin) => {
      await admin.fetchTopicOffsets(topic); // without which it does not know the topic
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
    });
    assert.deepEqual(values(await read(topic, 4)), numbered(4, 6));
  },
  async cluster() {
    const found = await withAdmin((admin) => admin.describeCluster());
    assert.deepEqual(found.brokers.map((one) => `${one.host}:${one.port}`), [broker]);
    assert.ok(found.clusterId);
  },
});
