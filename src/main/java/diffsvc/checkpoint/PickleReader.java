package diffsvc.checkpoint;

import diffsvc.check.Problem;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a pickle as data. It knows the opcodes that torch.save writes (protocols 2 to 5, without those that need code),
 * makes only what the allow-list below names, and checks every declared length against the remaining bytes. It refuses
 * a global outside the list and names it.
 */
final class PickleReader {
    /** Resolves a persistent id to a storage of the file. */
    interface Storages {
        Object load(List<Object> persistentId);
    }

    /** A name that the pickle refers to, allowed but not yet called. */
    private record Global(String name) {}

    private static final Object MARK = new Object();
    private static final int MAX_STACK = 1 << 20, DEEPEST = 200, MOST_VALUES = 1 << 22;
    private final Path file;
    private final ByteBuffer in;
    private final Storages storages;
    private final TensorBuilder tensors;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private int scalars, operations;

    /** Reads one pickle from the position of {@code in}, and leaves the position behind its end. */
    PickleReader(Path file, ByteBuffer in, Storages storages, TensorBuilder tensors) {
        this.file = file;
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
        this.storages = storages;
        this.tensors = tensors;
    }

    /**
     * The one object of the pickle: {@link OrderedDict}, maps, lists, {@link Tuple}, strings, numbers, booleans, null
     * and {@link TorchTensor}.
     */
    Object read() {
        try {
            while (true) {
                int op = Byte.toUnsignedInt(in.get());
                if (op == '.') {
                    Object result = pop();
                    if (result == MARK || result instanceof Global || result instanceof NumpyType) {
                        throw broken("ends with no value");
                    }
                    visit(result, 0, new int[1]);
                    return result;
                }
                step(op);
                if (++operations > MOST_VALUES) {
                    throw broken("has more than " + MOST_VALUES + " instructions");
                }
                if (stack.size() > MAX_STACK) {
                    throw broken("nests or lists more than " + MAX_STACK + " values");
                }
            }
        } catch (BufferUnderflowException e) {
            throw broken("ends early");
        } catch (ClassCastException
                | IndexOutOfBoundsException
                | NegativeArraySizeException
                | ArithmeticException
                | NullPointerException
                | UnsupportedOperationException e) {
            throw broken("has a value of the wrong kind near byte " + in.position());
        }
    }

    /**
     * Refuses a value that contains itself, or one that unfolds to very many: a reader of the result would not come to
     * an end.
     */
    private void visit(Object value, int depth, int[] seen) {
        if (depth > DEEPEST || ++seen[0] > MOST_VALUES) {
            throw broken(
                    depth > DEEPEST
                            ? "holds itself, or nests deeper than " + DEEPEST
                            : "unfolds to more than " + MOST_VALUES + " values");
        }
        if (value == MARK || value instanceof Global || value instanceof NumpyType || value instanceof TorchStorage) {
            throw broken("has a value that is no data");
        }
        if (value instanceof Map<?, ?> map) {
            if (map instanceof OrderedDict ordered && ordered.attributes() != null) {
                visit(ordered.attributes(), depth + 1, seen);
            }
            for (Object inner : map.values()) {
                visit(inner, depth + 1, seen);
            }
        } else if (value instanceof List<?> list) {
            for (Object inner : list) {
                visit(inner, depth + 1, seen);
            }
        }
    }

    /** How many NumPy scalars were read as plain numbers. */
    int numpyScalars() {
        return scalars;
    }

    /** One instruction. The method is long because a line stands for each opcode. */
    private void step(int op) {
        switch (op) {
            case 0x80 -> in.get(); // PROTO
            case 0x95 -> in.getLong(); // FRAME
            case '(' -> stack.add(MARK);
            case '0' -> pop();
            case '1' -> sinceMark();
            case '2' -> stack.add(peek());
            case 'N' -> stack.add(null);
            case 0x88 -> stack.add(true);
            case 0x89 -> stack.add(false);
            case 'J' -> stack.add((long) in.getInt());
            case 'K' -> stack.add((long) Byte.toUnsignedInt(in.get()));
            case 'M' -> stack.add((long) Short.toUnsignedInt(in.getShort()));
            case 0x8a -> stack.add(longOf(bytes(Byte.toUnsignedInt(in.get()))));
            case 'G' -> stack.add(in.duplicate().order(ByteOrder.BIG_ENDIAN).getDouble(skip(8)));
            case 'X' -> stack.add(text(Integer.toUnsignedLong(in.getInt())));
            case 0x8c -> stack.add(text(Byte.toUnsignedInt(in.get())));
            case 0x8d -> stack.add(text(in.getLong()));
            case 'U' -> stack.add(text(Byte.toUnsignedInt(in.get())));
            case 'T' -> stack.add(text(Integer.toUnsignedLong(in.getInt())));
            case 'C' -> stack.add(bytes(Byte.toUnsignedInt(in.get())));
            case 'B' -> stack.add(bytes(Integer.toUnsignedLong(in.getInt())));
            case '}' -> stack.add(new LinkedHashMap<>());
            case ']' -> stack.add(new ArrayList<>());
            case ')' -> stack.add(new Tuple(List.of(), false));
            case 0x85 -> stack.add(new Tuple(top(1), false));
            case 0x86 -> stack.add(new Tuple(top(2), false));
            case 0x87 -> stack.add(new Tuple(top(3), false));
            case 't' -> stack.add(new Tuple(sinceMark(), false));
            case 'l' -> stack.add(sinceMark());
            case 'd' -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                put(map, sinceMark());
                stack.add(map);
            }
            case 'q' -> memo.put(Byte.toUnsignedInt(in.get()), peek());
            case 'r' -> memo.put(in.getInt(), peek());
            case 0x94 -> memo.put(memo.size(), peek());
            case 'h' -> stack.add(memo(Byte.toUnsignedInt(in.get())));
            case 'j' -> stack.add(memo(in.getInt()));
            case 'c' -> stack.add(global(line() + "." + line()));
            case 0x93 -> {
                String name = (String) pop(), module = (String) pop();
                stack.add(global(module + "." + name));
            }
            case 'Q' -> stack.add(storages.load(list(pop())));
            case 'a' -> {
                Object value = pop();
                list(peek()).add(value);
            }
            case 'e' -> {
                List<Object> values = sinceMark();
                list(peek()).addAll(values);
            }
            case 's' -> {
                Object value = pop(), key = pop();
                map(peek()).put(key, value);
            }
            case 'u' -> {
                List<Object> pairs = sinceMark();
                put(map(peek()), pairs);
            }
            case 'R' -> {
                List<Object> arguments = list(pop());
                stack.add(call((Global) pop(), arguments));
            }
            case 'b' -> {
                Object state = pop();
                if (peek() instanceof OrderedDict dict && state instanceof Map) { // attributes, _metadata for instance
                    dict.attributes(map(state));
                } else if (!(peek() instanceof NumpyType)
                        || ">".equals(list(state).get(1))) { // whose state is its byte order
                    throw broken("sets the state of something that is no dictionary");
                }
            }
            default -> throw broken(String.format("uses opcode 0x%02x, which no torch file needs", op));
        }
    }

    private Global global(String name) {
        if (ALLOWED.contains(name) || name.startsWith("torch.") && name.endsWith("Storage")) {
            return new Global(name);
        }
        throw Problem.in(
                "checkpoint",
                file,
                "only plain tensors, dictionaries and numbers",
                "the global " + name,
                "this file would run code when Python loads it: export its state_dict");
    }

    private static final List<String> ALLOWED = List.of(
            "collections.OrderedDict",
            "torch._utils._rebuild_tensor_v2",
            "torch._utils._rebuild_tensor",
            "torch._utils._rebuild_parameter",
            "torch.Size",
            "numpy.core.multiarray.scalar",
            "numpy._core.multiarray.scalar",
            "numpy.dtype",
            "_codecs.encode");

    /** A numpy element type, "f8" for instance. */
    private record NumpyType(String code) {}

    private Object call(Global global, List<Object> a) {
        return switch (global.name()) {
            case "collections.OrderedDict" -> {
                OrderedDict map = new OrderedDict();
                if (!a.isEmpty()) {
                    for (Object pair : list(a.get(0))) {
                        put(map, list(pair));
                    }
                }
                yield map;
            }
            case "torch._utils._rebuild_tensor_v2" ->
                tensors.view(a.get(0), (Long) a.get(1), longs(a.get(2)), longs(a.get(3)), (Boolean) a.get(4));
            case "torch._utils._rebuild_tensor" ->
                tensors.view(a.get(0), (Long) a.get(1), longs(a.get(2)), longs(a.get(3)), false);
            case "torch._utils._rebuild_parameter" -> ((TorchTensor) a.get(0)).asParameter((Boolean) a.get(1));
            case "torch.Size" -> new Tuple(list(a.get(0)), true);
            case "numpy.dtype" -> new NumpyType((String) a.get(0));
            case "_codecs.encode" -> {
                if (!"latin1".equals(a.get(1)) && !"latin-1".equals(a.get(1))) {
                    throw broken("encodes bytes as " + a.get(1));
                }
                yield ((String) a.get(0)).getBytes(StandardCharsets.ISO_8859_1);
            }
            case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar" ->
                scalar((NumpyType) a.get(0), (byte[]) a.get(1));
            default -> throw broken("calls " + global.name());
        };
    }

    private Object scalar(NumpyType type, byte[] bytes) {
        ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        scalars++;
        return switch (type.code()) {
            case "f8" -> b.getDouble();
            case "f4" -> (double) b.getFloat();
            case "i8" -> b.getLong();
            case "i4" -> (long) b.getInt();
            case "i2" -> (long) b.getShort();
            case "i1" -> (long) b.get();
            case "u1" -> (long) Byte.toUnsignedInt(b.get());
            case "b1" -> b.get() != 0;
            default -> throw broken("has a numpy scalar of type " + type.code());
        };
    }

    /** The storage class of a persistent id, "FloatStorage" for instance. */
    static String storageClass(Object global) {
        String name = ((Global) global).name();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** Turns a storage and the geometry of a view into a tensor, or refuses. */
    interface TensorBuilder {
        TorchTensor view(Object storage, long offset, long[] shape, long[] stride, boolean requiresGrad);
    }

    private long[] longs(Object list) {
        return list(list).stream().mapToLong(o -> (Long) o).toArray();
    }

    private Object pop() {
        if (stack.isEmpty()) {
            throw broken("takes from an empty stack");
        }
        return stack.remove(stack.size() - 1);
    }

    private Object peek() {
        return stack.get(stack.size() - 1);
    }

    private List<Object> top(int n) {
        List<Object> part = stack.subList(stack.size() - n, stack.size());
        List<Object> copy = new ArrayList<>(part);
        part.clear();
        return copy;
    }

    private List<Object> sinceMark() {
        for (int i = stack.size() - 1; i >= 0; i--) {
            if (stack.get(i) == MARK) {
                List<Object> values = top(stack.size() - i);
                return new ArrayList<>(values.subList(1, values.size()));
            }
        }
        throw broken("closes a list that was not opened");
    }

    private Object memo(int index) {
        if (!memo.containsKey(index)) {
            throw broken("refers to a value that was not stored");
        }
        return memo.get(index);
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object o) {
        return (List<Object>) o;
    }

    @SuppressWarnings("unchecked")
    private static Map<Object, Object> map(Object o) {
        return (Map<Object, Object>) o;
    }

    private void put(Map<Object, Object> map, List<Object> pairs) {
        for (int i = 0; i + 1 < pairs.size(); i += 2) {
            Object key = pairs.get(i);
            if (!(key instanceof String
                    || key instanceof Long
                    || key instanceof Double
                    || key instanceof Boolean
                    || key == null)) {
                throw broken("has a key that is neither text nor number");
            }
            map.put(key, pairs.get(i + 1));
        }
    }

    private byte[] bytes(long length) {
        if (length < 0 || length > in.remaining()) {
            throw broken("claims " + length + " bytes where " + in.remaining() + " remain");
        }
        byte[] b = new byte[(int) length];
        in.get(b);
        return b;
    }

    private int skip(int n) {
        int at = in.position();
        bytes(n);
        return at;
    }

    private String text(long length) {
        return new String(bytes(length), StandardCharsets.UTF_8);
    }

    private String line() {
        int start = in.position();
        while (in.get() != '\n') {}
        byte[] line = new byte[in.position() - 1 - start];
        in.get(start, line);
        return new String(line, StandardCharsets.UTF_8);
    }

    /** A Long if it fits, else a BigInteger: the magic number of the old format has 80 bits. */
    private static Object longOf(byte[] little) {
        byte[] big = new byte[little.length];
        for (int i = 0; i < big.length; i++) {
            big[i] = little[little.length - 1 - i];
        }
        BigInteger v = big.length == 0 ? BigInteger.ZERO : new BigInteger(big);
        return v.bitLength() < 64 ? (Object) v.longValue() : v;
    }

    private Problem broken(String how) {
        return Problem.in("checkpoint", file, "a whole pickle", "one that " + how, "copy or download the file again");
    }
}
