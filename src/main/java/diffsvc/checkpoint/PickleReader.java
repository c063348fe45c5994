package diffsvc.checkpoint;

import diffsvc.check.Problem;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a pickle as data. It knows the opcodes torch.save writes (protocols 2 to 5, less what needs code), makes only what the allow-list
 * below names, and checks every claimed length against the bytes that remain. A global outside the list is refused by its name.
 */
final class PickleReader {
    /** What a persistent id becomes: a storage of the zip. */
    interface Storages {
        Object load(List<Object> persistentId);
    }

    /** A name the pickle refers to, allowed but not yet called. */
    private record Global(String name) {}

    private static final Object MARK = new Object();
    private static final int MAX_STACK = 1 << 20;
    private final Path file;
    private final ByteBuffer in;
    private final Storages storages;
    private final TensorBuilder tensors;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    PickleReader(Path file, byte[] pickle, Storages storages, TensorBuilder tensors) {
        this.file = file;
        this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
        this.storages = storages;
        this.tensors = tensors;
    }

    /** The one object of the pickle: maps, lists, strings, numbers, booleans, null and {@link TorchTensor}. */
    Object read() {
        try {
            while (true) {
                int op = Byte.toUnsignedInt(in.get());
                if (op == '.') {
                    Object result = pop();
                    if (result == MARK || result instanceof Global) {
                        throw broken("ends with no value");
                    }
                    return result;
                }
                step(op);
                if (stack.size() > MAX_STACK) {
                    throw broken("nests or lists more than " + MAX_STACK + " values");
                }
            }
        } catch (BufferUnderflowException e) {
            throw broken("ends early");
        } catch (ClassCastException | IndexOutOfBoundsException | NegativeArraySizeException | ArithmeticException e) {
            throw broken("has a value of the wrong kind near byte " + in.position());
        }
    }

    private void step(int op) {
        switch (op) {
            case 0x80 -> in.get();                                            // PROTO
            case 0x95 -> in.getLong();                                        // FRAME
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
            case ')' -> stack.add(List.of());
            case 0x85 -> stack.add(top(1));
            case 0x86 -> stack.add(top(2));
            case 0x87 -> stack.add(top(3));
            case 't', 'l' -> stack.add(sinceMark());
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
                Object state = pop();                                          // an OrderedDict's attributes (_metadata): not needed
                if (!(state instanceof Map) || !(peek() instanceof Map)) {
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
        throw Problem.in("checkpoint", file, "only plain tensors, dictionaries and numbers", "the global " + name,
                "this file would run code when Python loads it: export its state_dict");
    }

    private static final List<String> ALLOWED = List.of("collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch.Size");

    private Object call(Global global, List<Object> a) {
        return switch (global.name()) {
            case "collections.OrderedDict" -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                if (!a.isEmpty()) {
                    for (Object pair : list(a.get(0))) {
                        put(map, list(pair));
                    }
                }
                yield map;
            }
            case "torch._utils._rebuild_tensor_v2" -> tensors.view(a.get(0), (Long) a.get(1), longs(a.get(2)), longs(a.get(3)));
            case "torch._utils._rebuild_parameter" -> a.get(0);
            case "torch.Size" -> a.get(0);
            default -> throw broken("calls " + global.name());
        };
    }

    /** The storage class of a persistent id, "FloatStorage" for instance. */
    static String storageClass(Object global) {
        String name = ((Global) global).name();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** Turns a storage and the geometry of a view into a tensor, or refuses. */
    interface TensorBuilder {
        TorchTensor view(Object storage, long offset, long[] shape, long[] stride);
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
            if (!(key instanceof String || key instanceof Long || key instanceof Double || key instanceof Boolean || key == null)) {
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
        while (in.get() != '\n') { }
        return new String(Arrays.copyOfRange(in.array(), start, in.position() - 1), StandardCharsets.UTF_8);
    }

    private Object longOf(byte[] little) {
        if (little.length > 8) {
            throw broken("has an integer of more than 64 bits");
        }
        long v = little.length > 0 && little[little.length - 1] < 0 ? -1 : 0;
        for (int i = little.length - 1; i >= 0; i--) {
            v = v << 8 | Byte.toUnsignedLong(little[i]);
        }
        return v;
    }

    private Problem broken(String how) {
        return Problem.in("checkpoint", file, "a whole pickle", "one that " + how, "copy or download the file again");
    }
}
