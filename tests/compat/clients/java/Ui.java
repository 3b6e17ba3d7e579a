import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.quota.ClientQuotaFilter;

/**
 * What web consoles for Kafka ask of a cluster when somebody opens their pages. A console lives with an operation that a
 * server says it does not have; it does not live with one that hangs or fails in another way.
 */
final class Ui {
  private static final int PARTITIONS = 3;
  private static Admin admin;
  private static String topic;
  private static TopicPartition part;

  private Ui() {}

  static <T> T get(KafkaFuture<T> future) throws Exception {
    return future.get(15, TimeUnit.SECONDS);
  }

  /** An operation that a server may do without, if it says so. */
  static Walk.Feature optional(Walk.Feature work) {
    return () -> {
      try {
        work.run();
      } catch (ExecutionException problem) {
        Throwable cause = problem.getCause();
        if (cause instanceof UnsupportedVersionException || cause instanceof SecurityDisabledException) {
          throw new Walk.Absent("the server says that it has none (" + cause.getClass().getSimpleName() + ")");
        }
        throw problem;
      }
    };
  }

  /** Something to look at: topics, a group with a position, a group with a member. */
  static void prepare() throws Exception {
    topic = Clients.create(Clients.topicOf("ui"), PARTITIONS);
    part = new TopicPartition(topic, 0);
    Clients.putEach(topic, PARTITIONS, 10);
    Clients.seen("ui-seen");
    Clients.create("ui-short", 1);
  }

  static void describeCluster() throws Exception {
    var found = admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true));
    Walk.equal(get(found.nodes()).size(), 1);
    Walk.equal(get(found.controller()).isEmpty(), false);
    Walk.equal(get(found.clusterId()).isEmpty(), false);
    Walk.equal(get(found.authorizedOperations()).isEmpty(), false);
  }

  static void topics() throws Exception {
    Set<String> names = get(admin.listTopics(new ListTopicsOptions().listInternal(true)).names());
    Walk.equal(names.contains(topic) && names.contains("ui-short"), true);
    Map<String, TopicDescription> found = get(admin.describeTopics(names).allTopicNames());
    Walk.equal(found.keySet(), names);
    TopicDescription one = found.get(topic);
    Walk.equal(one.partitions().size(), PARTITIONS);
    one.partitions().forEach(each -> Walk.equal(each.leader() != null && each.isr().size() == 1, true));
    Walk.equal(get(admin.describeTopics(org.apache.kafka.common.TopicCollection.ofTopicIds(List.of(one.topicId())))
        .allTopicIds()).get(one.topicId()).name(), topic);
  }

  static Config configs(ConfigResource resource) throws Exception {
    DescribeConfigsOptions everything = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
    return get(admin.describeConfigs(List.of(resource), everything).all()).get(resource);
  }

  static void topicConfigs() throws Exception {
    Config found = configs(new ConfigResource(ConfigResource.Type.TOPIC, topic));
    for (String name : List.of("cleanup.policy", "retention.ms", "max.message.bytes", "message.timestamp.type")) {
      ConfigEntry entry = found.get(name);
      Walk.equal(entry != null && entry.value() != null, true);
      Walk.equal(entry.documentation() != null && !entry.documentation().isEmpty(), true);
      Walk.equal(entry.type() != ConfigEntry.ConfigType.UNKNOWN && entry.synonyms() != null, true);
    }
  }

  static void brokerConfigs() throws Exception {
    String id = get(admin.describeCluster().controller()).idString();
    Config found = configs(new ConfigResource(ConfigResource.Type.BROKER, id));
    Walk.equal(found.entries().isEmpty(), false);
  }

  static void groups() throws Exception {
    Clients.Member member = new Clients.Member(topic, "java-ui");
    Walk.until("the member has its partitions", () -> member.held == PARTITIONS);
    List<String> names = List.of("java-ui", "java-ui-seen");
    Set<String> listed = new java.util.HashSet<>();
    get(admin.listGroups().all()).forEach(one -> listed.add(one.groupId()));
    Walk.equal(listed.containsAll(names), true);
    listed.clear();
    listConsumerGroups(listed);
    Walk.equal(listed.containsAll(names), true);
    var described = get(admin.describeConsumerGroups(names).all());
    Walk.equal(described.get("java-ui").groupState().toString(), "Stable");
    Walk.equal(described.get("java-ui").members().iterator().next().assignment().topicPartitions().size(), PARTITIONS);
    Walk.equal(described.get("java-ui").coordinator().port() > 0, true);
    Walk.equal(described.get("java-ui-seen").groupState().toString(), "Empty");
    Walk.equal(get(admin.describeClassicGroups(names).all()).get("java-ui").members().size(), 1);
    member.leave();
  }

  @SuppressWarnings({"deprecation", "removal"})
  static void listConsumerGroups(Set<String> names) throws Exception {
    get(admin.listConsumerGroups().all()).forEach(one -> names.add(one.groupId()));
  }

  static void groupOffsets() throws Exception {
    Map<String, ListConsumerGroupOffsetsSpec> both = Map.of("java-ui-seen", new ListConsumerGroupOffsetsSpec(),
        "java-unknown", new ListConsumerGroupOffsetsSpec());
    var found = get(admin.listConsumerGroupOffsets(both).all());
    Walk.equal(found.get("java-ui-seen").values().iterator().next().offset(), 10L);
    Walk.equal(found.get("java-unknown").isEmpty(), true);
  }

  static long offset(OffsetSpec spec) throws Exception {
    return get(admin.listOffsets(Map.of(part, spec)).all()).get(part).offset();
  }

  static void listOffsets() throws Exception {
    Walk.equal(offset(OffsetSpec.earliest()), 0L);
    Walk.equal(offset(OffsetSpec.latest()), 10L);
    Walk.equal(offset(OffsetSpec.forTimestamp(1)), 0L);
    Walk.equal(offset(OffsetSpec.forTimestamp(Long.MAX_VALUE / 2)), -1L);
    long greatest = offset(OffsetSpec.maxTimestamp());
    Walk.equal(greatest >= 0 && greatest < 10, true);
  }

  static void logDirs() throws Exception {
    int id = get(admin.describeCluster().controller()).id();
    var found = get(admin.describeLogDirs(List.of(id)).allDescriptions()).get(id);
    Walk.equal(found.isEmpty(), false);
    Walk.equal(found.values().stream().anyMatch(one -> one.replicaInfos().containsKey(part)), true);
  }

  static void acls() throws Exception {
    get(admin.describeAcls(AclBindingFilter.ANY).values());
  }

  static void transactions() throws Exception {
    try (KafkaProducer<String, String> producer = Clients.producer("transactional.id", "java-ui")) {
      producer.initTransactions();
      producer.beginTransaction();
      Clients.send(producer, topic, 0, List.of("open"));
      Walk.equal(get(admin.listTransactions().all()).stream().anyMatch(one -> one.transactionalId().equals("java-ui")), true);
      Walk.equal(get(admin.describeTransactions(List.of("java-ui")).all()).get("java-ui").topicPartitions(), Set.of(part));
      producer.abortTransaction();
    }
  }

  static void producers() throws Exception {
    var found = get(admin.describeProducers(List.of(part)).all()).get(part).activeProducers();
    Walk.equal(found.isEmpty(), false);
  }

  static void quotas() throws Exception {
    Walk.equal(get(admin.describeClientQuotas(ClientQuotaFilter.all()).entities()), Map.of());
  }

  static void scram() throws Exception {
    Walk.equal(get(admin.describeUserScramCredentials().all()), Map.of());
  }

  static void features() throws Exception {
    get(admin.describeFeatures().featureMetadata());
  }

  static void reassignments() throws Exception {
    Walk.equal(get(admin.listPartitionReassignments().reassignments()), Map.of());
    Walk.equal(get(admin.listPartitionReassignments(Set.of(part)).reassignments()), Map.of());
  }

  static void electLeaders() throws Exception {
    Map<TopicPartition, Optional<Throwable>> found = get(admin.electLeaders(ElectionType.PREFERRED, Set.of(part)).partitions());
    Throwable problem = found.get(part).orElse(null);
    Walk.equal(problem == null || problem instanceof ElectionNotNeededException || problem instanceof ClusterAuthorizationException, true);
  }

  static void quorum() throws Exception {
    get(admin.describeMetadataQuorum().quorumInfo());
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, Walk.Feature> features = new HashMap<>();
    features.put("describe-cluster", Ui::describeCluster);
    features.put("topics", Ui::topics);
    features.put("topic-configs", Ui::topicConfigs);
    features.put("broker-configs", Ui::brokerConfigs);
    features.put("groups", Ui::groups);
    features.put("group-offsets", Ui::groupOffsets);
    features.put("list-offsets", Ui::listOffsets);
    features.put("log-dirs", optional(Ui::logDirs));
    features.put("acls", optional(Ui::acls));
    features.put("transactions", optional(Ui::transactions));
    features.put("producers", optional(Ui::producers));
    features.put("quotas", optional(Ui::quotas));
    features.put("scram", optional(Ui::scram));
    features.put("features", Ui::features);
    features.put("reassignments", optional(Ui::reassignments));
    features.put("elect-leaders", optional(Ui::electLeaders));
    features.put("quorum", optional(Ui::quorum));
    List<String> all = new ArrayList<>(List.of(arguments));
    Walk.broker = all.get(0);
    prepare();
    admin = Clients.admin();
    Walk.main(arguments, features);
  }
}
