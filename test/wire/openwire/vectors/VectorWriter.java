import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.activemq.command.DataStructure;
import org.apache.activemq.openwire.OpenWireFormat;
import org.apache.activemq.util.ByteSequence;

/**
 * Reads from standard input which types and fields there are, fills each type by the setters of ActiveMQ's classes, and
 * prints what the getters then say and the bytes that ActiveMQ's own marshallers make of it. See README.md.
 */
public class VectorWriter {
    record Field(String name, String kind, boolean required, String types) {}

    record Type(String name, int since, List<Field> fields) {}

    static final Map<String, Type> types = new LinkedHashMap<>();
    static final String[] texts = {"text", "Gr\u00fc\u00dfe", "", "a\u0000b", "\ud83d\ude00 \u20ac", "\ud800", "plain ASCII"};
    static final long[] longs = {
        1, 65535, 65536, 4294967295L, 4294967296L, -1, Long.MAX_VALUE, Long.MIN_VALUE, 9007199254740991L, 9007199254740993L, 0
    };
    static final int[] ints = {1, 255, 70000, -1, Integer.MAX_VALUE, Integer.MIN_VALUE};
    static int turn;

    enum Fill { EMPTY, SHALLOW, FULL }

    public static void main(String[] arguments) throws Exception {
        readPlan();
        for (Type type : types.values()) {
            boolean mayThrow = type.fields.stream().anyMatch((field) -> field.kind.equals("throwable"));
            for (Fill fill : new Fill[] {Fill.EMPTY, Fill.FULL}) {
                turn = type.name.length();
                Object object = make(type.name, fill);
                System.out.println("object " + json(object, type));
                for (boolean traces : mayThrow && fill == Fill.FULL ? new boolean[] {false, true} : new boolean[] {false})
                    for (boolean tight : new boolean[] {false, true})
                        for (boolean cache : new boolean[] {false, true}) writeBytes(object, type, tight, cache, traces);
            }
        }
    }

    static void readPlan() throws Exception {
        Type type = null;
        for (String line : new BufferedReader(new InputStreamReader(System.in)).lines().toList()) {
            String[] words = line.split(" ");
            if (words[0].equals("type")) {
                type = new Type(words[1], Integer.parseInt(words[2]), new ArrayList<>());
                types.put(type.name, type);
            } else type.fields.add(new Field(words[1], words[2], words[3].equals("true"), words[4]));
        }
    }

    /** One line for the versions that write the same. The object is written twice: the second time from the cache. */
    static void writeBytes(Object object, Type type, boolean tight, boolean cache, boolean traces) throws Exception {
        Map<String, List<Integer>> versions = new LinkedHashMap<>();
        for (int version = type.since; version <= 12; version++) {
            OpenWireFormat format = new OpenWireFormat(version);
            format.setTightEncodingEnabled(tight);
            format.setStackTraceEnabled(traces);
            format.setCacheEnabled(cache);
            java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
            for (int time = 0; time < (cache ? 2 : 1); time++) {
                ByteSequence bytes = format.marshal(object);
                out.write(bytes.getData(), bytes.getOffset(), bytes.getLength());
            }
            String text = Base64.getEncoder().withoutPadding().encodeToString(out.toByteArray());
            versions.computeIfAbsent(text, (key) -> new ArrayList<>()).add(version);
        }
        for (Map.Entry<String, List<Integer>> entry : versions.entrySet()) {
            String list = entry.getValue().toString().replaceAll("[\\[\\] ]", "");
            String mode = (tight ? "tight" : "loose") + (cache ? "+cache" : "") + (traces ? "+traces" : "");
            System.out.println("bytes " + list + " " + mode + " " + entry.getKey());
        }
    }

    static Object make(String name, Fill fill) throws Exception {
        Object object = Class.forName("org.apache.activemq.command." + name).getConstructor().newInstance();
        for (Field field : types.get(name).fields) {
            if (field.kind.equals("constant")) continue;
            set(object, field, value(field, fill));
        }
        return object;
    }

    static Object value(Field field, Fill fill) throws Exception {
        boolean isFilled = fill != Fill.EMPTY;
        turn++;
        switch (field.kind) {
            case "boolean":
                return isFilled && turn % 3 != 0;
            case "byte":
                return (byte) (isFilled ? ints[turn % ints.length] : 0);
            case "int":
                return isFilled ? ints[turn % ints.length] : 0;
            case "long":
                return isFilled ? longs[turn % longs.length] : 0L;
            case "string":
                if (field.name.equals("physicalName")) return "name." + (char) (0xe0 + turn % 5) + "." + turn;
                return isFilled || field.required ? texts[turn % texts.length] : null;
            case "bytes":
            case "idBytes":
                return isFilled || field.required ? new byte[] {(byte) turn, 0, -1, 127} : null;
            case "throwable":
                return fill == Fill.FULL ? makeThrowable() : null;
            case "nested":
            case "cached":
                if (!field.required && fill != Fill.FULL) return null;
                return make(pick(field), fill == Fill.EMPTY ? fill : Fill.SHALLOW);
            case "array":
                if (fill != Fill.FULL) return null;
                return new Object[] {make(pick(field), Fill.SHALLOW), make(pick(field), Fill.SHALLOW)};
            default:
                throw new IllegalStateException(field.kind);
        }
    }

    static String pick(Field field) {
        if (field.name.equals("additionalPredicate")) return "NetworkBridgeFilter";
        if (field.types.equals("any")) return "XATransactionId";
        String[] names = field.types.split(",");
        return names[turn % names.length];
    }

    static Throwable makeThrowable() {
        Throwable cause = new IllegalStateException("");
        cause.setStackTrace(new StackTraceElement[0]);
        Throwable made = new java.io.IOException("br\u00f6ken", cause);
        made.setStackTrace(new StackTraceElement[] {
            new StackTraceElement("org.example.Main", "main", "Main.java", 7), new StackTraceElement("a.B", "c", null, -2)
        });
        return made;
    }

    static Method method(Class<?> owner, String prefix, Field field, int count) {
        String name = prefix + (field.name.equals("jmsType") || field.name.equals("transactionType") ? "type" : field.name);
        for (Method method : owner.getMethods())
            if (method.getName().equalsIgnoreCase(name) && method.getParameterCount() == count && !method.isBridge()) {
                if (count == 0 || accepts(method.getParameterTypes()[0], field.kind)) return method;
            }
        return null;
    }

    static boolean accepts(Class<?> type, String kind) {
        switch (kind) {
            case "boolean":
                return type == boolean.class;
            case "byte":
                return type == byte.class;
            case "int":
                return type == int.class;
            case "long":
                return type == long.class;
            case "string":
                return type == String.class;
            case "bytes":
            case "idBytes":
                return type == byte[].class || type == ByteSequence.class;
            case "array":
                return type.isArray();
            default:
                return !type.isPrimitive() && type != String.class;
        }
    }

    static void set(Object object, Field field, Object value) throws Exception {
        Method setter = method(object.getClass(), "set", field, 1);
        if (setter == null) throw new IllegalStateException("no setter: " + object.getClass() + " " + field);
        Class<?> type = setter.getParameterTypes()[0];
        if (value instanceof byte[] bytes && type == ByteSequence.class) value = new ByteSequence(bytes);
        if (value instanceof Object[] elements) {
            Object array = Array.newInstance(type.getComponentType(), elements.length);
            for (int index = 0; index < elements.length; index++) Array.set(array, index, elements[index]);
            value = array;
        }
        setter.invoke(object, value);
    }

    static Object get(Object object, Field field) throws Exception {
        Method getter = method(object.getClass(), field.kind.equals("boolean") ? "is" : "get", field, 0);
        if (getter == null) getter = method(object.getClass(), "get", field, 0);
        if (getter == null) throw new IllegalStateException("no getter: " + object.getClass() + " " + field);
        return getter.invoke(object);
    }

    static String json(Object object, Type type) throws Exception {
        StringBuilder text = new StringBuilder("{\"type\":" + quoted(type.name));
        for (Field field : type.fields) {
            Object value = field.kind.equals("constant") ? "ActiveMQ" : get(object, field);
            text.append(",").append(quoted(field.name)).append(":").append(json(value));
        }
        return text.append("}").toString();
    }

    static String json(Object value) throws Exception {
        if (value == null) return "null";
        if (value instanceof String text) return quoted(text);
        if (value instanceof Long number) return "{\"long\":\"" + number + "\"}";
        if (value instanceof Number || value instanceof Boolean) return value.toString();
        if (value instanceof ByteSequence bytes)
            return json(Arrays.copyOfRange(bytes.getData(), bytes.getOffset(), bytes.getOffset() + bytes.getLength()));
        if (value instanceof byte[] bytes) return "{\"bytes\":" + quoted(Base64.getEncoder().encodeToString(bytes)) + "}";
        if (value instanceof Object[] elements) {
            List<String> texts = new ArrayList<>();
            for (Object element : elements) texts.add(json(element));
            return "[" + String.join(",", texts) + "]";
        }
        if (value instanceof Throwable thrown) {
            List<String> trace = new ArrayList<>();
            for (StackTraceElement element : thrown.getStackTrace())
                trace.add("{\"className\":" + json(element.getClassName()) + ",\"methodName\":" + json(element.getMethodName())
                    + ",\"fileName\":" + json(element.getFileName()) + ",\"lineNumber\":" + element.getLineNumber() + "}");
            return "{\"className\":" + quoted(thrown.getClass().getName()) + ",\"message\":" + json(thrown.getMessage())
                + ",\"stackTrace\":[" + String.join(",", trace) + "],\"cause\":" + json(thrown.getCause()) + "}";
        }
        if (value instanceof DataStructure) return json(value, types.get(value.getClass().getSimpleName()));
        throw new IllegalStateException("unexpected " + value.getClass());
    }

    /** All but printable ASCII is escaped, lone surrogates included. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char unit : text.toCharArray())
            quoted.append(unit < 32 || unit > 126 || unit == '"' || unit == '\\' ? String.format("\\u%04x", (int) unit) : "" + unit);
        return quoted.append('"').toString();
    }
}
