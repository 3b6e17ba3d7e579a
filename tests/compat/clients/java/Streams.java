import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Applications of Kafka Streams with exactly-once. A transaction is of one stream, and what the library makes for itself
 * has short names, as it takes no others: so everything is in the default stream.
 */
final class Streams {
  private static final int WORDS = 7;
  private static final int PARTITIONS = 3;
  private static final String LINES = "streams-lines";
  private static final String COUNTS = "streams-counts";
  private static int sent;

  private Streams() {}

  static StreamsBuilder counting() {
    StreamsBuilder builder = new StreamsBuilder();
    KTable<String, Long> counts = builder.<String, String>stream(LINES)
        .flatMapValues(line -> List.of(line.split(" ")))
        .groupBy((key, word) -> word)
        .count(Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("counts"));
    counts.toStream().mapValues(String::valueOf).to(COUNTS);
    return builder;
  }

  /** Runs an application while `work` goes on; a thread of it that dies is an error. */
  static void running(String name, StreamsBuilder builder, Walk.Feature work) throws Exception {
    Path folder = Files.createDirectories(Path.of("streams"));
    Properties settings = Walk.settings("application.id", name, "processing.guarantee", "exactly_once_v2",
        "commit.interval.ms", 100, "statestore.cache.max.bytes", 0, "state.dir", folder.toAbsolutePath(),
        "default.key.serde", Serdes.StringSerde.class.getName(), "default.value.serde", Serdes.StringSerde.class.getName(),
        "replication.factor", 1, "num.stream.threads", 1, "auto.offset.reset", "earliest", "fetch.max.wait.ms", 100,
        "reconnect.backoff.max.ms", 500, "consumer.session.timeout.ms", 10_000);
    AtomicReference<Throwable> problem = new AtomicReference<>();
    try (KafkaStreams application = new KafkaStreams(builder.build(), settings)) {
      application.setUncaughtExceptionHandler(found -> {
        found.printStackTrace(System.out);
        problem.set(found);
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
      });
      application.start();
      Walk.until(name + " runs", () -> {
        if (problem.get() != null) throw new IllegalStateException(problem.get());
        return application.state() == KafkaStreams.State.RUNNING;
      });
      work.run();
      if (problem.get() != null) throw new IllegalStateException(problem.get());
      application.close(Duration.ofSeconds(15));
    }
  }

  static void sendLines(int count) throws Exception {
    try (KafkaProducer<String, String> producer = Clients.producer()) {
      for (int i = 0; i < count; ++i, ++sent) {
        String line = "word" + sent % WORDS + " word" + (sent + 1) % WORDS;
        producer.send(new ProducerRecord<>(LINES, sent % PARTITIONS, null, line));
      }
      producer.flush();
    }
  }

  /** Each word's counts come one after the other, without a gap and without one twice, up to what was sent. */
  static void expectCounts() throws Exception {
    long total = 2L * sent;
    Walk.until(total + " words are counted", () -> Clients.read(COUNTS, PARTITIONS).size() >= total);
    Map<String, Long> last = new HashMap<>();
    for (ConsumerRecord<String, String> record : Clients.read(COUNTS, PARTITIONS)) {
      long count = Long.parseLong(record.value());
      Walk.equal(record.key() + " " + count, record.key() + " " + (last.getOrDefault(record.key(), 0L) + 1));
      last.put(record.key(), count);
    }
    Walk.equal(last.values().stream().mapToLong(Long::longValue).sum(), total);
    Walk.equal(last.size(), WORDS);
  }

  static void exactlyOnce() throws Exception {
    Clients.create(LINES, PARTITIONS);
    Clients.create(COUNTS, PARTITIONS);
    sendLines(300);
    running("streams-words", counting(), Streams::expectCounts);
  }

  static void restart() throws Exception {
    sendLines(200); // while it is closed
    running("streams-words", counting(), () -> {
      sendLines(700);
      Walk.killAndRestart();
      sendLines(300);
      expectCounts();
    });
  }

  static void topology() throws Exception {
    String clicks = Clients.create("streams-clicks", 2);
    String pages = Clients.create("streams-pages", 2);
    String joined = Clients.create("streams-joined", 2);
    String windows = Clients.create("streams-windows", 2);
    StreamsBuilder builder = new StreamsBuilder();
    var byPage = builder.<String, String>stream(clicks).selectKey((user, page) -> page);
    byPage.join(builder.<String, String>table(pages), (page, title) -> page + "=" + title).to(joined);
    byPage.groupByKey().windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofHours(1))).count().toStream()
        .map((key, count) -> new KeyValue<>(key.key() + "@" + key.window().start(), String.valueOf(count))).to(windows);
    try (KafkaProducer<String, String> producer = Clients.producer()) {
      for (String page : List.of("a", "b")) producer.send(new ProducerRecord<>(pages, null, 1L, page, "title " + page));
      producer.flush();
      running("streams-joins", builder, () -> {
        for (int i = 0; i < 40; ++i) {
          producer.send(new ProducerRecord<>(clicks, null, 60_000L * (1 + i / 20), "user" + i, i % 2 == 0 ? "a" : "b"));
        }
        producer.flush();
        Walk.until("all is joined", () -> Clients.read(joined, 2).size() >= 40);
        Walk.until("all is counted", () -> Clients.read(windows, 2).size() >= 40);
      });
    }
    List<String> titles = new ArrayList<>(Clients.values(Clients.read(joined, 2)));
    titles.sort(null);
    Walk.equal(List.of(titles.get(0), titles.get(39)), List.of("a=title a", "b=title b"));
    Map<String, String> counts = new HashMap<>();
    Clients.read(windows, 2).forEach(record -> counts.put(record.key(), record.value()));
    Walk.equal(counts, Map.of("a@60000", "10", "b@60000", "10", "a@120000", "10", "b@120000", "10"));
  }

  public static void main(String[] arguments) {
    Walk.main(arguments, Map.of("exactly-once", Streams::exactlyOnce, "restart", Streams::restart, "topology", Streams::topology));
  }
}
