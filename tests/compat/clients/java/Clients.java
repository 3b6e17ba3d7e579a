import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's own Java client: producer, consumer, administration. */
final class Clients {
  private static final Duration MOMENT = Duration.ofMillis(100);
  private static final long SECONDS = 30;

  private Clients() {}

  static String topicOf(String name) {
    return "/activity:java-" + name;
  }

  static Admin admin() {
    return Admin.create(Walk.settings("default.api.timeout.ms", 30_000, "request.timeout.ms", 15_000));
  }

  static String create(String topic, int partitions) throws Exception {
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get(SECONDS, TimeUnit.SECONDS);
    }
    return topic;
  }

  static KafkaProducer<String, String> producer(Object... pairs) {
    Properties settings = Walk.settings("delivery.timeout.ms", 45_000, "request.timeout.ms", 15_000, "linger.ms", 5,
        "reconnect.backoff.max.ms", 500, "max.block.ms", 30_000);
    settings.putAll(Walk.settings(pairs));
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
  }

  static void send(KafkaProducer<String, String> producer, String topic, Integer partition, List<String> values)
      throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (String value : values) sent.add(producer.send(new ProducerRecord<>(topic, partition, null, value)));
    producer.flush();
    for (Future<RecordMetadata> one : sent) one.get(SECONDS, TimeUnit.SECONDS);
  }

  static void put(String topic, List<String> values, Object... pairs) throws Exception {
    try (KafkaProducer<String, String> producer = producer(pairs)) {
      send(producer, topic, null, values);
    }
  }

  static void putEach(String topic, int partitions, int count) throws Exception {
    try (KafkaProducer<String, String> producer = producer()) {
      for (int index = 0; index < partitions; ++index) {
        for (String value : Walk.numbered(count, 0)) producer.send(new ProducerRecord<>(topic, index, null, value));
      }
      producer.flush();
    }
  }

  static KafkaConsumer<String, String> consumer(Object... pairs) {
    Properties settings = Walk.settings("auto.offset.reset", "earliest", "enable.auto.commit", false,
        "fetch.max.wait.ms", 100, "reconnect.backoff.max.ms", 500, "isolation.level", "read_committed");
    settings.putAll(Walk.settings(pairs));
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }

  static List<TopicPartition> partitions(String topic, int count) {
    List<TopicPartition> found = new ArrayList<>();
    for (int index = 0; index < count; ++index) found.add(new TopicPartition(topic, index));
    return found;
  }

  /** Everything up to where each partition ends now. */
  static List<ConsumerRecord<String, String>> read(String topic, int partitions, Object... pairs) throws Exception {
    List<ConsumerRecord<String, String>> found = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = consumer(pairs)) {
      List<TopicPartition> parts = partitions(topic, partitions);
      consumer.assign(parts);
      consumer.seekToBeginning(parts);
      Map<TopicPartition, Long> ends = consumer.endOffsets(parts);
      Walk.until("the end of " + topic, () -> {
        consumer.poll(MOMENT).forEach(found::add);
        return parts.stream().allMatch(part -> consumer.position(part) >= ends.get(part));
      });
    }
    return found;
  }

  static List<String> values(Collection<ConsumerRecord<String, String>> records) {
    return records.stream().map(ConsumerRecord::value).toList();
  }

  static List<ConsumerRecord<String, String>> take(KafkaConsumer<String, String> consumer, int count) throws Exception {
    List<ConsumerRecord<String, String>> taken = new ArrayList<>();
    Walk.until(count + " records", () -> {
      consumer.poll(MOMENT).forEach(taken::add);
      return taken.size() >= count;
    });
    Walk.equal(taken.size(), count);
    return taken;
  }

  static void produce() throws Exception {
    String topic = create(topicOf("produce"), 1);
    try (KafkaProducer<String, String> producer = producer()) {
      ProducerRecord<String, String> full = new ProducerRecord<>(topic, 0, 1_600_000_000_123L, "key", "value");
      full.headers().add("colour", "red".getBytes(StandardCharsets.UTF_8)).add("colour", null);
      producer.send(full).get(SECONDS, TimeUnit.SECONDS);
      producer.send(new ProducerRecord<>(topic, "only a key", null)).get(SECONDS, TimeUnit.SECONDS);
      producer.send(new ProducerRecord<>(topic, "only a value")).get(SECONDS, TimeUnit.SECONDS);
    }
    List<ConsumerRecord<String, String>> found = read(topic, 1);
    Walk.equal(found.get(0).key() + "/" + found.get(0).value(), "key/value");
    Walk.equal(found.get(0).timestamp(), 1_600_000_000_123L);
    List<String> headers = new ArrayList<>();
    found.get(0).headers().forEach(one -> headers.add(one.key() + (one.value() == null ? "" : new String(one.value(), StandardCharsets.UTF_8))));
    Walk.equal(headers, List.of("colourred", "colour"));
    Walk.equal(found.get(1).value() == null && found.get(2).key() == null, true);
    Walk.equal(found.stream().map(ConsumerRecord::offset).toList(), List.of(0L, 1L, 2L));
  }

  static void codec(String name) throws Exception {
    String topic = create(topicOf(name), 1);
    List<String> sent = Walk.numbered(1000, 0).stream().map(text -> text + " payload".repeat(20)).toList();
    put(topic, sent, "compression.type", name);
    Walk.equal(values(read(topic, 1)), sent);
  }

  static void large() throws Exception {
    String topic = create(topicOf("large"), 1);
    List<String> sent = List.of("1".repeat(8_000_000), "2".repeat(8_000_000), "3".repeat(8_000_000));
    put(topic, sent, "max.request.size", 9_000_000);
    Walk.equal(values(read(topic, 1)).equals(sent), true);
  }

  static void manyPartitions() throws Exception {
    String topic = create(topicOf("partitions"), 200);
    putEach(topic, 200, 1);
    Walk.equal(read(topic, 200).stream().map(ConsumerRecord::partition).sorted().toList(),
        Walk.numbered(200, 0).stream().map(Integer::valueOf).toList());
  }

  static void fullNames() throws Exception {
    for (String stream : List.of("/activity", "/second")) put(stream + ":java-same", List.of(stream));
    for (String stream : List.of("/activity", "/second")) Walk.equal(values(read(stream + ":java-same", 1)), List.of(stream));
  }

  static void shortNames() throws Exception {
    put("java-short", List.of("short"));
    for (String topic : List.of("java-short", "/default:java-short")) Walk.equal(values(read(topic, 1)), List.of("short"));
  }

  static void share(String kind, Object... pairs) throws Exception {
    String topic = create(topicOf(kind), 6);
    List<Member> members = List.of(new Member(topic, "java-" + kind, pairs), new Member(topic, "java-" + kind, pairs));
    Walk.until("two members share six partitions", () -> members.stream().allMatch(one -> one.held == 3));
    putEach(topic, 6, 20);
    Walk.until("all is read", () -> members.get(0).read.size() + members.get(1).read.size() == 120);
    members.get(0).leave();
    Walk.until("one member has all", () -> members.get(1).held == 6);
    putEach(topic, 6, 20);
    Walk.until("all is read", () -> members.get(0).read.size() + members.get(1).read.size() == 240);
    members.get(1).leave();
    Set<String> places = new java.util.HashSet<>(members.get(0).read);
    places.addAll(members.get(1).read);
    Walk.equal(places.size(), 240);
  }

  /** Three members change over to the newer protocol one by one, and back, while records arrive. */
  static void changeOver(String kind, Class<?> assignor) throws Exception {
    String topic = create(topicOf(kind), 6);
    Object[] classic = {"session.timeout.ms", 10_000, "partition.assignment.strategy", assignor.getName()};
    Object[] newer = {"group.protocol", "consumer"};
    List<Member> gone = new ArrayList<>();
    List<Member> members = new ArrayList<>();
    for (int index = 0; index < 3; ++index) members.add(new Member(topic, "java-" + kind, classic));
    Walk.until("three members share six partitions", () -> members.stream().allMatch(one -> one.held == 2));
    for (Object[] terms : List.of(newer, classic)) {
      for (int index = 0; index < 3; ++index) {
        putEach(topic, 6, 20);
        members.get(index).leave();
        gone.add(members.set(index, new Member(topic, "java-" + kind, terms)));
        Walk.until("three members share six partitions", () -> members.stream().allMatch(one -> one.held == 2));
      }
    }
    gone.addAll(members);
    Set<String> places = new java.util.HashSet<>();
    Walk.until("all is read", () -> {
      for (Member one : gone) places.addAll(List.copyOf(one.read));
      return places.size() == 720;
    });
    for (Member one : members) one.leave();
    System.out.println(kind + ": " + (gone.stream().mapToInt(one -> one.read.size()).sum() - 720) + " records were read again");
    try (Admin admin = admin()) {
      var positions = admin.listConsumerGroupOffsets("java-" + kind).partitionsToOffsetAndMetadata().get(SECONDS, TimeUnit.SECONDS);
      Walk.equal(positions.values().stream().mapToLong(OffsetAndMetadata::offset).sum(), 720L);
    }
  }

  static void consumerGroups() throws Exception {
    changeOver("change-over", org.apache.kafka.clients.consumer.CooperativeStickyAssignor.class);
    changeOver("change-over-eager", org.apache.kafka.clients.consumer.RangeAssignor.class);
    share("consumer-groups", "group.protocol", "consumer");
    try (Admin admin = admin()) {
      String type = admin.listGroups().all().get(SECONDS, TimeUnit.SECONDS).stream()
          .filter(one -> one.groupId().equals("java-consumer-groups")).findFirst().orElseThrow().type().orElseThrow().toString();
      Walk.equal(type, "Consumer");
    }
  }

  static void commits() throws Exception {
    String topic = create(topicOf("commits"), 1);
    TopicPartition part = new TopicPartition(topic, 0);
    for (int begin : List.of(0, 40)) {
      int count = begin == 0 ? 40 : 60;
      put(topic, Walk.numbered(count, begin));
      try (KafkaConsumer<String, String> consumer = consumer("group.id", "java-commits")) {
        consumer.subscribe(List.of(topic));
        Walk.equal(values(take(consumer, count)), Walk.numbered(count, begin));
        consumer.commitSync(Map.of(part, new OffsetAndMetadata(begin + count, Optional.of(0), "a note")));
        OffsetAndMetadata held = consumer.committed(Set.of(part)).get(part);
        Walk.equal(held.offset() + held.metadata(), (begin + count) + "a note");
      }
    }
  }

  static void idempotence() throws Exception {
    String topic = create(topicOf("idempotence"), 1);
    put(topic, Walk.numbered(5000, 0), "enable.idempotence", true, "batch.size", 1000);
    Walk.equal(values(read(topic, 1)), Walk.numbered(5000, 0));
  }

  static void transactions() throws Exception {
    String topic = create(topicOf("transactions"), 1);
    List<String> expected = new ArrayList<>();
    try (KafkaProducer<String, String> producer = producer("transactional.id", "java-transactions")) {
      producer.initTransactions();
      for (int i = 0; i < 6; ++i) {
        producer.beginTransaction();
        send(producer, topic, 0, Walk.numbered(10, i * 10));
        if (i % 2 == 0) {
          producer.commitTransaction();
          expected.addAll(Walk.numbered(10, i * 10));
        } else {
          producer.abortTransaction();
        }
      }
    }
    Walk.equal(values(read(topic, 1)), expected);
    Walk.equal(values(read(topic, 1, "isolation.level", "read_uncommitted")), Walk.numbered(60, 0));
  }

  static void transactionOffsets() throws Exception {
    String source = create(topicOf("from"), 1);
    String target = create(topicOf("to"), 1);
    TopicPartition part = new TopicPartition(source, 0);
    put(source, Walk.numbered(40, 0));
    try (KafkaConsumer<String, String> consumer = consumer("group.id", "java-copier");
        KafkaProducer<String, String> producer = producer("transactional.id", "java-copier")) {
      consumer.subscribe(List.of(source));
      producer.initTransactions();
      List<String> taken = values(take(consumer, 40));
      for (boolean commit : List.of(false, true)) {
        producer.beginTransaction();
        send(producer, target, 0, taken);
        producer.sendOffsetsToTransaction(Map.of(part, new OffsetAndMetadata(40)), consumer.groupMetadata());
        if (commit) producer.commitTransaction();
        else producer.abortTransaction();
        OffsetAndMetadata held = consumer.committed(Set.of(part)).get(part);
        Walk.equal(held == null ? -1 : held.offset(), commit ? 40L : -1);
      }
    }
    Walk.equal(values(read(target, 1)), Walk.numbered(40, 0));
  }

  static void fencing() throws Exception {
    String topic = create(topicOf("fencing"), 1);
    try (KafkaProducer<String, String> older = producer("transactional.id", "java-fencing");
        KafkaProducer<String, String> newer = producer("transactional.id", "java-fencing")) {
      older.initTransactions();
      older.beginTransaction();
      send(older, topic, 0, List.of("older"));
      newer.initTransactions();
      newer.beginTransaction();
      send(newer, topic, 0, List.of("newer"));
      newer.commitTransaction();
      try {
        older.commitTransaction();
        throw new AssertionError("the older producer was not fenced");
      } catch (ProducerFencedException | InvalidProducerEpochException expected) {
        System.out.println(expected);
      }
      older.close(Duration.ZERO);
    }
    Walk.equal(values(read(topic, 1)), List.of("newer"));
  }

  static void restart() throws Exception {
    String topic = create(topicOf("restart"), 1);
    AtomicInteger acknowledged = new AtomicInteger();
    List<Exception> failures = Collections.synchronizedList(new ArrayList<>());
    Member member = new Member(topic, "java-restart", "session.timeout.ms", 10_000);
    try (KafkaProducer<String, String> producer = producer("batch.size", 1000)) {
      Thread load = new Thread(() -> {
        for (String value : Walk.numbered(20_000, 0)) {
          producer.send(new ProducerRecord<>(topic, 0, null, value), (place, problem) -> {
            if (problem != null) failures.add(problem);
            else acknowledged.incrementAndGet();
          });
        }
      });
      load.start();
      Walk.until("some are acknowledged and read", () -> acknowledged.get() > 500 && !member.read.isEmpty());
      Walk.killAndRestart();
      load.join();
      producer.flush();
    }
    Walk.equal(failures, List.of());
    Walk.equal(values(read(topic, 1)), Walk.numbered(20_000, 0));
    Walk.until("the consumer has gone on", () -> member.places() == 20_000);
    member.leave();
  }

  static void topics() throws Exception {
    String topic = create(topicOf("topics"), 3);
    try (Admin admin = admin()) {
      expect(TopicExistsException.class, () -> create(topic, 3));
      admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get(SECONDS, TimeUnit.SECONDS);
      Walk.equal(admin.describeTopics(List.of(topic)).allTopicNames().get(SECONDS, TimeUnit.SECONDS).get(topic).partitions().size(), 5);
      Walk.equal(admin.listTopics().names().get(SECONDS, TimeUnit.SECONDS).contains(topic), true);
      admin.deleteTopics(List.of(topic)).all().get(SECONDS, TimeUnit.SECONDS);
      Walk.equal(admin.listTopics().names().get(SECONDS, TimeUnit.SECONDS).contains(topic), false);
      expect(UnknownTopicOrPartitionException.class, () -> admin.deleteTopics(List.of(topic)).all().get(SECONDS, TimeUnit.SECONDS));
    }
  }

  static void expect(Class<? extends Exception> wanted, Walk.Feature work) throws Exception {
    try {
      work.run();
    } catch (ExecutionException problem) {
      if (wanted.isInstance(problem.getCause())) return;
      throw problem;
    }
    throw new AssertionError("no " + wanted.getSimpleName());
  }

  static void configs() throws Exception {
    String topic = create(topicOf("configs"), 1);
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try (Admin admin = admin()) {
      String usual = value(admin, resource);
      for (AlterConfigOp.OpType operation : List.of(AlterConfigOp.OpType.SET, AlterConfigOp.OpType.DELETE)) {
        AlterConfigOp change = new AlterConfigOp(new ConfigEntry("retention.ms", "3600000"), operation);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get(SECONDS, TimeUnit.SECONDS);
        Walk.equal(value(admin, resource), operation == AlterConfigOp.OpType.SET ? "3600000" : usual);
      }
    }
  }

  static String value(Admin admin, ConfigResource resource) throws Exception {
    return admin.describeConfigs(List.of(resource)).all().get(SECONDS, TimeUnit.SECONDS).get(resource).get("retention.ms").value();
  }

  /** A topic of ten messages that a group has read. */
  static TopicPartition seen(String name) throws Exception {
    String topic = create(topicOf(name), 1);
    put(topic, Walk.numbered(10, 0));
    try (KafkaConsumer<String, String> consumer = consumer("group.id", "java-" + name)) {
      consumer.subscribe(List.of(topic));
      take(consumer, 10);
      consumer.commitSync();
    }
    return new TopicPartition(topic, 0);
  }

  static void groupAdmin() throws Exception {
    seen("group-admin");
    String group = "java-group-admin";
    try (Admin admin = admin()) {
      Walk.equal(listed(admin, group), true);
      Walk.equal(admin.describeConsumerGroups(List.of(group)).all().get(SECONDS, TimeUnit.SECONDS).get(group).groupState().toString(), "Empty");
      admin.deleteConsumerGroups(List.of(group)).all().get(SECONDS, TimeUnit.SECONDS);
      Walk.equal(listed(admin, group), false);
    }
  }

  static boolean listed(Admin admin, String group) throws Exception {
    return admin.listGroups(ListGroupsOptions.forConsumerGroups()).all().get(SECONDS, TimeUnit.SECONDS).stream()
        .anyMatch(one -> one.groupId().equals(group));
  }

  static void offsetAdmin() throws Exception {
    TopicPartition part = seen("offset-admin");
    String group = "java-offset-admin";
    try (Admin admin = admin()) {
      Walk.equal(held(admin, group), Map.of(part, 10L));
      admin.alterConsumerGroupOffsets(group, Map.of(part, new OffsetAndMetadata(4))).all().get(SECONDS, TimeUnit.SECONDS);
      Walk.equal(held(admin, group), Map.of(part, 4L));
      Map<OffsetSpec, Long> wanted = Map.of(OffsetSpec.earliest(), 0L, OffsetSpec.latest(), 10L, OffsetSpec.forTimestamp(1), 0L);
      for (Map.Entry<OffsetSpec, Long> one : wanted.entrySet()) {
        Walk.equal(admin.listOffsets(Map.of(part, one.getKey())).all().get(SECONDS, TimeUnit.SECONDS).get(part).offset(), one.getValue());
      }
      admin.deleteConsumerGroupOffsets(group, Set.of(part)).all().get(SECONDS, TimeUnit.SECONDS);
      Walk.equal(held(admin, group), Map.of());
    }
  }

  static Map<TopicPartition, Long> held(Admin admin, String group) throws Exception {
    Map<TopicPartition, Long> found = new HashMap<>();
    admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get(SECONDS, TimeUnit.SECONDS)
        .forEach((part, offset) -> found.put(part, offset.offset()));
    return found;
  }

  static void deleteRecords() throws Exception {
    String topic = create(topicOf("delete-records"), 1);
    TopicPartition part = new TopicPartition(topic, 0);
    put(topic, Walk.numbered(10, 0));
    try (Admin admin = admin()) {
      Walk.equal(admin.deleteRecords(Map.of(part, RecordsToDelete.beforeOffset(6))).lowWatermarks().get(part).get(SECONDS, TimeUnit.SECONDS).lowWatermark(), 6L);
    }
    Walk.equal(values(read(topic, 1)), Walk.numbered(4, 6));
  }

  static void cluster() throws Exception {
    try (Admin admin = admin()) {
      var described = admin.describeCluster();
      Walk.equal(described.nodes().get(SECONDS, TimeUnit.SECONDS).stream().map(one -> one.host() + ":" + one.port()).toList(), List.of(Walk.broker));
      Walk.equal(described.controller().get(SECONDS, TimeUnit.SECONDS).id(), described.nodes().get().iterator().next().id());
      Walk.equal(described.clusterId().get(SECONDS, TimeUnit.SECONDS).isEmpty(), false);
    }
  }

  /** Polls in a thread of its own until it leaves; commits what it has read. */
  static final class Member {
    final List<String> read = Collections.synchronizedList(new ArrayList<>());
    volatile int held;
    private volatile boolean leaving;
    private volatile Exception problem;
    private final Thread thread;

    Member(String topic, String group, Object... pairs) {
      Properties settings = Walk.settings("group.id", group, "metadata.max.age.ms", 2000);
      settings.putAll(Walk.settings(pairs));
      if (!settings.containsKey("group.protocol")) settings.put("heartbeat.interval.ms", "300");
      List<Object> flat = new ArrayList<>();
      settings.forEach((name, value) -> Collections.addAll(flat, name, value));
      thread = new Thread(() -> live(topic, flat.toArray()));
      thread.start();
    }

    private void live(String topic, Object[] pairs) {
      try (KafkaConsumer<String, String> consumer = consumer(pairs)) {
        consumer.subscribe(List.of(topic));
        while (!leaving) {
          var records = consumer.poll(MOMENT);
          records.forEach(record -> read.add(record.partition() + "/" + record.offset()));
          if (!records.isEmpty()) commit(consumer);
          held = consumer.assignment().size();
        }
      } catch (Exception found) {
        found.printStackTrace(System.out);
        problem = found;
      }
    }

    private static void commit(KafkaConsumer<String, String> consumer) {
      try {
        consumer.commitSync(Duration.ofSeconds(15));
      } catch (org.apache.kafka.clients.consumer.CommitFailedException | org.apache.kafka.common.errors.TimeoutException moved) {
        System.out.println(moved);
      }
    }

    int places() {
      synchronized (read) {
        return Set.copyOf(read).size();
      }
    }

    void leave() throws Exception {
      leaving = true;
      thread.join(15_000);
      if (problem != null) throw problem;
    }
  }

  public static void main(String[] arguments) {
    Map<String, Walk.Feature> features = new HashMap<>();
    for (String name : List.of("gzip", "snappy", "lz4", "zstd")) features.put(name, () -> codec(name));
    features.put("produce", Clients::produce);
    features.put("large", Clients::large);
    features.put("partitions", Clients::manyPartitions);
    features.put("full-names", Clients::fullNames);
    features.put("short-names", Clients::shortNames);
    features.put("groups", () -> share("groups", "session.timeout.ms", 10_000));
    features.put("consumer-groups", Clients::consumerGroups);
    features.put("commits", Clients::commits);
    features.put("idempotence", Clients::idempotence);
    features.put("transactions", Clients::transactions);
    features.put("transaction-offsets", Clients::transactionOffsets);
    features.put("fencing", Clients::fencing);
    features.put("restart", Clients::restart);
    features.put("topics", Clients::topics);
    features.put("configs", Clients::configs);
    features.put("group-admin", Clients::groupAdmin);
    features.put("offset-admin", Clients::offsetAdmin);
    features.put("delete-records", Clients::deleteRecords);
    features.put("cluster", Clients::cluster);
    Walk.main(arguments, features);
  }
}
