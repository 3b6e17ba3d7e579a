// Fills messages of Kafka's Java client with values that are all different, so that a field read from the wrong place
// shows. Which fields a version has is asked of the client's own schema; the message classes do the encoding.

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.MemoryRecords;

final class Values {
  private final boolean full;  // else: null, empty and zero wherever that is allowed
  private int counter = 0;

  Values(boolean full) {
    this.full = full;
  }

  void fill(Object message, Schema schema) throws Exception {
    for (BoundField bound : schema.fields()) {
      if (bound.def.type instanceof TaggedFields) {
        if (full) {
          for (Field tagged : ((TaggedFields) bound.def.type).fields().values()) set(message, tagged);
        }
      } else {
        set(message, bound.def);
      }
    }
  }

  private void set(Object message, Field field) throws Exception {
    Method setter = setter(message, field.name);
    Class<?> type = setter.getParameterTypes()[0];
    if (!full && field.type.isNullable()) {
      setter.invoke(message, new Object[] {null});
    } else if (field.type instanceof Schema) {
      if (!full) return;  // the default: null if it may be null
      Object struct = type.getDeclaredConstructor().newInstance();
      fill(struct, (Schema) field.type);
      setter.invoke(message, struct);
    } else if (field.type.isArray()) {
      setter.invoke(message, list(setter.getGenericParameterTypes()[0], type, field));
    } else {
      setter.invoke(message, scalar(type, field.type.toString()));
    }
  }

  private Object list(Type generic, Class<?> type, Field field) throws Exception {
    Type of = generic instanceof ParameterizedType ? generic : type.getGenericSuperclass();
    Class<?> item = (Class<?>) ((ParameterizedType) of).getActualTypeArguments()[0];
    @SuppressWarnings("unchecked")
    Collection<Object> items =
        type == List.class ? new ArrayList<>() : (Collection<Object>) type.getDeclaredConstructor().newInstance();
    org.apache.kafka.common.protocol.types.Type itemType = field.type.arrayElementType().get();
    for (int i = 0; full && i < 2; ++i) {
      if (itemType instanceof Schema) {
        Object struct = item.getDeclaredConstructor().newInstance();
        fill(struct, (Schema) itemType);
        items.add(struct);
      } else {
        items.add(scalar(item, itemType.toString()));
      }
    }
    return items;
  }

  private Object scalar(Class<?> type, String wire) {
    int n = full ? ++counter : 0;
    long sign = n % 2 == 0 ? -1 : 1;
    if (type == boolean.class) return full;
    if (type == byte.class || type == Byte.class) return (byte) (sign * (n % 127));
    if (type == short.class || type == Short.class) return (short) (sign * n * 257);
    if (wire.equals("UINT16")) return n * 257;
    if (type == int.class || type == Integer.class) return (int) (sign * n * 0x01010101);
    if (type == long.class || type == Long.class) return sign * n * 0x0101010101010101L;
    if (type == double.class) return sign * (n + 0.25);
    if (type == String.class) return full ? "s" + n : "";
    if (type == Uuid.class) return full ? new Uuid(0x5555000000000000L + n, 0x7777L << 48 | n) : Uuid.ZERO_UUID;
    byte[] bytes = full ? ("bytes" + n).getBytes(StandardCharsets.UTF_8) : new byte[0];
    if (type == byte[].class) return bytes;
    if (type == ByteBuffer.class) return ByteBuffer.wrap(bytes);
    if (type.getSimpleName().equals("BaseRecords")) return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
    throw new IllegalStateException("no value for " + type + " " + wire);
  }

  private static Method setter(Object message, String field) {
    String wanted = "set" + field.replace("_", "").toLowerCase();
    return Arrays.stream(message.getClass().getMethods())
        .filter(m -> m.getParameterCount() == 1 && m.getName().toLowerCase().equals(wanted))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(message.getClass() + " has no " + field));
  }
}
