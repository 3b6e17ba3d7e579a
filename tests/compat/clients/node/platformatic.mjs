// @platformatic/kafka.
import {
  Admin, ConfigResourceTypes, Consumer, FetchIsolationLevels, GroupProtocols, IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps, MessagesStreamModes, Producer, ProduceAcks, stringDeserializers, stringSerializers,
} from '@platformatic/kafka';
import { Absent, assert, broker, killAndRestart, numbered, port, waitUntil, versionOf, walk } from './support.mjs';

const topicOf = (name) => `/activity:platformatic-${name}`;
const groupOf = (name) => `platformatic-${name}`;
const base = { clientId: 'compat', bootstrapBrokers: [broker], retries: 40, retryDelay: 200, timeout: 15_000 };

async function using(client, work) {
  client.on('error', (error) => process.stdout.write(`client: ${error?.stack}\n`));
  try {
    return await work(client);
  } finally {
    await (client instanceof Admin ? client.close() : client.close(true));
  }
}

const withAdmin = (work) => using(new Admin(base), work);
const producerOf = (settings = {}) =>
  new Producer({ ...base, serializers: stringSerializers, acks: ProduceAcks.ALL, autocreateTopics: true, ...settings });

async function create(topic, partitions = 1) {
  await withAdmin((admin) => admin.createTopics({ topics: [topic], partitions, replicas: 1 }));
  return topic;
}

const put = (topic, messages, settings = {}) =>
  using(producerOf(settings), (producer) => producer.send({ messages: messages.map((one) => ({ topic, ...one })) }));

const texts = (values) => values.map((value) => ({ value }));
const consumerOf = (groupId, settings = {}) =>
  new Consumer({ ...base, groupId, deserializers: stringDeserializers, maxWaitTime: 100, ...settings });

// Everything of a topic: exactly `count` messages.
async function read(topic, count, settings = {}) {
  const found = [];
  await using(consumerOf(`${topic}-${Math.random()}`, settings), async (consumer) => {
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false, ...settings });
    stream.on('data', (message) => found.push(message));
    stream.on('error', (error) => process.stdout.write(`stream: ${error?.stack}\n`));
    await waitUntil(`${count} messages of ${topic}`, () => found.length >= count);
    await stream.close();
  });
  assert.equal(found.length, count);
  return found;
}

const values = (messages) => messages.map((one) => one.value);

async function codec(compression) {
  const topic = await create(topicOf(compression));
  const sent = numbered(1000).map((number) => `${compression} ${number} ${'payload '.repeat(20)}`);
  await put(topic, texts(sent), { compression });
  assert.deepEqual(values(await read(topic, 1000)), sent);
}

// A member of a group; commits each message.
async function member(groupId, topic, settings = {}) {
  const consumer = consumerOf(groupId, settings);
  const one = { consumer, read: [], values: [], assigned: () => consumer.assignments?.find((held) => held.topic === topic)?.partitions ?? [] };
  consumer.on('error', (error) => process.stdout.write(`member: ${error?.stack}\n`));
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.COMMITTED, fallbackMode: 'earliest', autocommit: false });
  stream.on('error', (error) => process.stdout.write(`stream: ${error?.stack}\n`));
  stream.on('data', async (message) => {
    one.values.push(message.value);
    await message.commit();
    one.read.push(`${message.partition}/${message.offset}`);
  });
  one.leave = async () => {
    await stream.close();
    await consumer.close(true);
  };
  return one;
}

async function share(kind, settings) {
  const topic = await create(topicOf(kind), 6);
  const members = await Promise.all([member(groupOf(kind), topic, settings), member(groupOf(kind), topic, settings)]);
  const sizes = () => members.map((one) => one.assigned().length).join();
  await waitUntil('two members share six partitions', () => sizes() === '3,3');
  const send = () => put(topic, numbered(120).map((value) => ({ value, partition: Number(value) % 6 })));
  const total = () => members[0].read.length + members[1].read.length;
  await send();
  await waitUntil('all is read', () => total() === 120);
  await members[0].leave();
  await waitUntil('one member has all', () => members[1].assigned().length === 6);
  await send();
  await waitUntil('all is read', () => total() === 240);
  await members[1].leave();
  assert.equal(new Set(members.flatMap((one) => one.read)).size, 240);
}

// A group that has read a topic of ten messages.
async function seen(name) {
  const topic = await create(topicOf(name));
  await put(topic, texts(numbered(10)));
  const one = await member(groupOf(name), topic);
  await waitUntil('ten are read', () => one.read.length === 10);
  await one.leave();
  return topic;
}

const offsetOf = async (admin, group) =>
  (await admin.listConsumerGroupOffsets({ groups: [group] }))[0].topics[0]?.partitions[0].committedOffset;

const transactional = (id) => producerOf({ transactionalId: groupOf(id), idempotent: true });

await walk(versionOf('@platformatic/kafka'), {
  async produce() {
    const topic = await create(topicOf('produce'));
    await put(topic, [
      { key: 'key', value: 'value', headers: { colour: 'red', empty: '' }, timestamp: 1_600_000_000_123n },
      { key: 'only a key', value: null },
      { value: 'only a value' },
    ]);
    const [first, second, third] = await read(topic, 3);
    assert.deepEqual([first.key, first.value, first.timestamp, first.offset], ['key', 'value', 1_600_000_000_123n, 0n]);
    assert.deepEqual([...first.headers], [['colour', 'red'], ['empty', '']]);
    assert.deepEqual([second.value ?? null, third.key ?? null, third.value], [null, null, 'only a value']);
  },
  gzip: () => codec('gzip'),
  snappy: () => codec('snappy'),
  lz4: () => codec('lz4'),
  zstd: () => codec('zstd'),
  async large() {
    const topic = await create(topicOf('large'));
    const sent = ['1', '2', '3'].map((digit) => digit.repeat(8_000_000));
    for (const value of sent) await put(topic, [{ value }]);
    assert.ok(values(await read(topic, 3)).every((value, i) => value === sent[i]));
  },
  async partitions() {
    const topic = await create(topicOf('partitions'), 200);
    await put(topic, numbered(200).map((value) => ({ value, partition: Number(value) })));
    assert.ok((await read(topic, 200)).every((one) => one.value === String(one.partition)));
  },
  async 'full-names'() {
    const topics = ['/activity:platformatic-same', '/second:platformatic-same'];
    for (const topic of topics) await put(topic, [{ value: topic }]);
    for (const topic of topics) assert.deepEqual(values(await read(topic, 1)), [topic]);
  },
  async 'short-names'() {
    await put('platformatic-short', [{ value: 'short' }]);
    for (const topic of ['platformatic-short', '/default:platformatic-short'])
      assert.deepEqual(values(await read(topic, 1)), ['short']);
  },
  groups: () => share('groups', { sessionTimeout: 8000, heartbeatInterval: 300, rebalanceTimeout: 8000 }),
  async commits() {
    const topic = await create(topicOf('commits'));
    for (const [begin, count] of [[0, 40], [40, 60]]) {
      await put(topic, texts(numbered(count, begin)));
      const one = await member(groupOf('commits'), topic);
      await waitUntil(`${count} are read`, () => one.read.length === count);
      await one.leave();
      assert.deepEqual(one.values, numbered(count, begin));
    }
    await withAdmin(async (admin) => assert.equal(await offsetOf(admin, groupOf('commits')), 100n));
  },
  'consumer-groups': () => share('consumer-groups', { groupProtocol: GroupProtocols.CONSUMER }),
  async idempotence() {
    const topic = await create(topicOf('idempotence'));
    await using(producerOf({ idempotent: true }), async (producer) => {
      for (let i = 0; i < 10; ++i)
        await producer.send({ messages: numbered(100, i * 100).map((value) => ({ topic, value })) });
    });
    assert.deepEqual(values(await read(topic, 1000)), numbered(1000));
  },
  async transactions() {
    const topic = await create(topicOf('transactions'));
    await using(transactional('transactions'), async (producer) => {
      for (let i = 0; i < 3; ++i) {
        const transaction = await producer.beginTransaction();
        await transaction.send({ messages: numbered(10, i * 10).map((value) => ({ topic, value })) });
        await (i % 2 === 0 ? transaction.commit() : transaction.abort());
      }
    });
    const committed = [0, 2].flatMap((i) => numbered(10, i * 10));
    assert.deepEqual(values(await read(topic, 20, { isolationLevel: FetchIsolationLevels.READ_COMMITTED })), committed);
    assert.deepEqual(values(await read(topic, 30, { isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED })), numbered(30));
    return 'of several transactions in one answer that one producer aborted, its consumer leaves out the last only';
  },
  async 'transaction-offsets'() {
    const source = await create(topicOf('from'));
    const target = await create(topicOf('to'));
    await put(source, texts(numbered(2)));
    await using(consumerOf(groupOf('copier')), async (consumer) => {
      const taken = [];
      const stream = await consumer.consume({ topics: [source], mode: MessagesStreamModes.EARLIEST, autocommit: false });
      stream.on('data', (message) => taken.push(message));
      await waitUntil('both are read', () => taken.length === 2);
      await using(transactional('copier'), (producer) =>
        withAdmin(async (admin) => {
          for (const [message, commit, expected] of [[taken[0], false, undefined], [taken[1], true, 2n]]) {
            const transaction = await producer.beginTransaction();
            await transaction.addConsumer(consumer);
            await transaction.send({ messages: [{ topic: target, value: message.value }] });
            await transaction.addOffset(message);
            await (commit ? transaction.commit() : transaction.abort());
            const held = await offsetOf(admin, groupOf('copier'));
            assert.equal(held, expected);
          }
        }),
      );
      await stream.close();
    });
    assert.deepEqual(values(await read(target, 1, { isolationLevel: FetchIsolationLevels.READ_COMMITTED })), ['1']);
  },
  async fencing() {
    const topic = await create(topicOf('fencing'));
    await using(transactional('fencing'), async (older) => {
      const fenced = await older.beginTransaction();
      await fenced.send({ messages: [{ topic, value: 'older' }] });
      await using(transactional('fencing'), async (newer) => {
        // It begins with the producer id 0 where it should say none, and so takes over no id but that of producer 0.
        const problem = await newer.beginTransaction().catch((error) => error);
        assert.deepEqual(problem.errors?.map((one) => one.apiId), ['PRODUCER_FENCED']);
      });
      await fenced.commit();
    });
    assert.deepEqual(values(await read(topic, 1)), ['older']);
    throw new Absent('it cannot take over the transactional id of another producer');
  },
  async restart() {
    const topic = await create(topicOf('restart'));
    const one = await member(groupOf('restart'), topic);
    let acknowledged = 0;
    const load = using(producerOf({ idempotent: true }), async (producer) => {
      for (; acknowledged < 5000; acknowledged += 50)
        await producer.send({ messages: numbered(50, acknowledged).map((value) => ({ topic, value })) });
    });
    await waitUntil('some are acknowledged and read', () => acknowledged >= 500 && one.read.length > 0);
    await killAndRestart();
    await load;
    assert.deepEqual(values(await read(topic, 5000)), numbered(5000));
    await waitUntil('the consumer has gone on', () => new Set(one.values).size === 5000);
    await one.leave();
  },
  async topics() {
    const topic = await create(topicOf('topics'), 3);
    await withAdmin(async (admin) => {
      await assert.rejects(admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 }));
      await admin.createPartitions({ topics: [{ name: topic, count: 5, assignments: null }] });
      const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
      assert.equal(topics.get(topic).partitionsCount, 5);
      assert.ok((await admin.listTopics()).includes(topic));
      await admin.deleteTopics({ topics: [topic] });
      assert.ok(!(await admin.listTopics()).includes(topic));
    });
  },
  async configs() {
    const topic = await create(topicOf('configs'));
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic };
    await withAdmin(async (admin) => {
      const value = async (name) =>
        (await admin.describeConfigs({ resources: [{ ...resource, configurationKeys: null }] }))[0].configs.find(
          (one) => one.name === name,
        ).value;
      const alter = (configOperation, text) =>
        admin.incrementalAlterConfigs({
          resources: [{ ...resource, configs: [{ name: 'retention.ms', configOperation, value: text }] }],
        });
      const usual = await value('retention.ms');
      await alter(IncrementalAlterConfigOperationTypes.SET, '3600000');
      assert.equal(await value('retention.ms'), '3600000');
      await alter(IncrementalAlterConfigOperationTypes.DELETE, null);
      assert.equal(await value('retention.ms'), usual);
    });
  },
  async 'group-admin'() {
    await seen('group-admin');
    const group = groupOf('group-admin');
    await withAdmin(async (admin) => {
      assert.ok((await admin.listGroups()).has(group));
      assert.equal((await admin.describeGroups({ groups: [group] })).get(group).state, 'Empty');
      await admin.deleteGroups({ groups: [group] });
      assert.ok(!(await admin.listGroups()).has(group));
    });
  },
  async 'offset-admin'() {
    const name = await seen('offset-admin');
    const groupId = groupOf('offset-admin');
    await withAdmin(async (admin) => {
      assert.equal(await offsetOf(admin, groupId), 10n);
      await admin.alterConsumerGroupOffsets({ groupId, topics: [{ name, partitionOffsets: [{ partition: 0, offset: 4n }] }] });
      assert.equal(await offsetOf(admin, groupId), 4n);
      for (const [timestamp, expected] of [[ListOffsetTimestamps.EARLIEST, 0n], [ListOffsetTimestamps.LATEST, 10n], [1n, 0n]]) {
        const [found] = await admin.listOffsets({ topics: [{ name, partitions: [{ partitionIndex: 0, timestamp }] }] });
        assert.equal(found.partitions[0].offset, expected);
      }
      await admin.deleteConsumerGroupOffsets({ groupId, topics: [{ name, partitionIndexes: [0] }] });
      assert.equal(await offsetOf(admin, groupId), undefined);
    });
  },
  async 'delete-records'() {
    const topic = await create(topicOf('delete-records'));
    await put(topic, texts(numbered(10)));
    await withAdmin(async (admin) => {
      const [deleted] = await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 6n }] }] });
      assert.equal(deleted.partitions[0].lowWatermark, 6n);
    });
    assert.deepEqual(values(await read(topic, 4)), numbered(4, 6));
  },
  async cluster() {
    const found = await withAdmin((admin) => admin.metadata({ topics: [] }));
    assert.deepEqual([...found.brokers.values()].map((one) => one.port), [port]);
    assert.ok(found.id);
  },
});
