import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;

/** What the programs here share: they walk through features and say of each how it went; see ../../walker.py. */
final class Walk {
  static final class Absent extends Exception {
    private static final long serialVersionUID = 1;

    Absent(String why) {
      super(why);
    }
  }

  interface Feature {
    void run() throws Exception;
  }

  static String broker;
  private static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

  private Walk() {}

  static void main(String[] arguments, Map<String, Feature> features) {
    broker = arguments[0];
    System.out.println("@client " + org.apache.kafka.common.utils.AppInfoParser.getVersion());
    for (String name : Arrays.asList(arguments).subList(1, arguments.length)) {
      System.out.println("@begin " + name);
      try {
        Feature feature = features.get(name);
        if (feature == null) throw new IllegalStateException("this program has no such feature");
        feature.run();
        System.out.println("@ok " + name);
      } catch (Absent absent) {
        System.out.println("@absent " + name + " " + absent.getMessage());
      } catch (Throwable problem) {
        problem.printStackTrace(System.out);
        Throwable cause = problem instanceof ExecutionException ? problem.getCause() : problem;
        System.out.println("@failed " + name + " " + String.valueOf(cause).replace("\n", " | "));
      }
    }
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  static void killAndRestart() throws IOException {
    System.out.println("@restart");
    equal(INPUT.readLine(), "go");
  }

  static void until(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (!condition.call()) {
      if (System.nanoTime() > deadline) throw new AssertionError("after 30 s still not: " + what);
      Thread.sleep(10);
    }
  }

  static void equal(Object found, Object expected) {
    if (!Objects.equals(found, expected)) {
      throw new AssertionError(String.format("found %.300s, expected %.300s", found, expected));
    }
  }

  static List<String> numbered(int count, int begin) {
    return IntStream.range(begin, begin + count).mapToObj(String::valueOf).toList();
  }

  /** Settings from "name", value, "name", value... */
  static Properties settings(Object... pairs) {
    Properties made = new Properties();
    made.put("bootstrap.servers", broker);
    for (int i = 0; i < pairs.length; i += 2) made.put(pairs[i], String.valueOf(pairs[i + 1]));
    return made;
  }
}
