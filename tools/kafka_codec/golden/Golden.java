// Writes what Kafka's own Java client puts on the wire: one file per API, every version, request and response.
// Run by ./make; the result is checked in.

import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ConsumerProtocolAssignment;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.Schema;

public final class Golden {
  private static final int WIDTH = 116;

  // Arguments: folder, then `Name:from-to` for each API of our schema.
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    for (String argument : Arrays.asList(arguments).subList(1, arguments.length)) {
      String[] parts = argument.split("[:-]");
      ApiMessageType api = ApiMessageType.valueOf(snake(parts[0]).toUpperCase());
      try (PrintStream out = open(folder, parts[0])) {
        int from = Integer.parseInt(parts[1]), to = Integer.parseInt(parts[2]);
        messages(out, parts[0] + "Request", api::newRequest, api.requestSchemas(), from, to);
        messages(out, parts[0] + "Response", api::newResponse, api.responseSchemas(), from, to);
      }
    }
    try (PrintStream out = open(folder, "ConsumerProtocol")) {
      messages(out, "ConsumerProtocolSubscription", ConsumerProtocolSubscription::new,
          ConsumerProtocolSubscription.SCHEMAS, 0, 3);
      messages(out, "ConsumerProtocolAssignment", ConsumerProtocolAssignment::new,
          ConsumerProtocolAssignment.SCHEMAS, 0, 3);
    }
    try (PrintStream out = open(folder, "Headers")) {
      headers(out);
    }
    try (PrintStream out = new PrintStream(Files.newOutputStream(folder.resolve("apis.tsv")))) {
      for (ApiMessageType api : ApiMessageType.values()) describe(out, api);
    }
    try (PrintStream out = new PrintStream(Files.newOutputStream(folder.resolve("errors.tsv")))) {
      for (Errors error : Errors.values()) {
        out.print(error.code() + "\t" + error.name() + "\t" + (error.exception() instanceof RetriableException) + "\n");
      }
    }
  }

  private static String snake(String name) {
    return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase();
  }

  private static PrintStream open(Path folder, String name) throws Exception {
    return new PrintStream(Files.newOutputStream(folder.resolve(snake(name) + ".txt")));
  }

  private static void messages(
      PrintStream out, String name, Supplier<Message> create, Schema[] schemas, int from, int to) throws Exception {
    for (int version = from; version <= to; ++version) {
      for (boolean full : List.of(true, false)) {
        Message message = create.get();
        new Values(full).fill(message, schemas[version]);
        byte[] bytes = write(message, (short) version);
        Message again = create.get();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        again.read(new ByteBufferAccessor(buffer), (short) version);
        if (buffer.hasRemaining() || !again.equals(message)) throw new IllegalStateException(name + " " + version);
        if (full && version == to) comment(out, message.toString());
        entry(out, name + " " + version + (full ? " full" : " sparse"), bytes);
      }
    }
  }

  private static void headers(PrintStream out) throws Exception {
    for (short version = 1; version <= 2; ++version) {
      RequestHeaderData header = new RequestHeaderData().setRequestApiKey((short) 1)
          .setRequestApiVersion((short) (version == 2 ? 12 : 11)).setCorrelationId(0x01020304);
      entry(out, "RequestHeader " + version + " full", write(header.setClientId("client"), version));
      entry(out, "RequestHeader " + version + " sparse", write(header.setClientId(null), version));
    }
    for (short version = 0; version <= 1; ++version) {
      entry(out, "ResponseHeader " + version + " full",
          write(new ResponseHeaderData().setCorrelationId(0x01020304), version));
    }
  }

  // Key, name, oldest and newest stable version, and the first versions with the newer headers (-1: none).
  private static void describe(PrintStream out, ApiMessageType api) {
    short low = api.lowestSupportedVersion(), high = api.highestSupportedVersion(false);
    int request = -1, response = -1;
    for (short version = high; low >= 0 && version >= low; --version) {
      if (api.requestHeaderVersion(version) == 2) request = version;
      if (api.responseHeaderVersion(version) == 1) response = version;
    }
    out.printf("%d\t%s\t%d\t%d\t%d\t%d\n", api.apiKey(), snake(api.name), low, high, request, response);
  }

  private static byte[] write(Message message, short version) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(buffer), cache, version);
    return buffer.array();
  }

  private static void entry(PrintStream out, String title, byte[] bytes) {
    out.print(title + "\n");
    StringBuilder hex = new StringBuilder();
    for (byte b : bytes) hex.append(String.format("%02x", b));
    for (int at = 0; at < hex.length(); at += WIDTH) {
      out.print(" " + hex.substring(at, Math.min(at + WIDTH, hex.length())) + "\n");
    }
  }

  // What the full form of the newest version holds, for people.
  private static void comment(PrintStream out, String text) {
    for (int at = 0; at < text.length(); at += WIDTH) {
      out.print("# " + text.substring(at, Math.min(at + WIDTH, text.length())) + "\n");
    }
  }
}
