package diffsvc.checkpoint;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes protocol 2 as torch.save does; a storage that several tensors share is written once. */
final class PickleWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Map<String, ByteBuffer> storages = new LinkedHashMap<>();
    private final Map<TorchStorage, String> keys = new IdentityHashMap<>();

    /** The bytes of each storage, by its key. */
    Map<String, ByteBuffer> storages() {
        return storages;
    }

    byte[] write(Object root) {
        out.write(0x80);
        out.write(2);
        value(root);
        out.write('.');
        return out.toByteArray();
    }

    /**
     * An object of a TorchScript class: its attributes by name. A list is typed, as the engine needs it: one of
     * integers if it holds any, else one of tensors.
     */
    byte[] write(String module, String type, Map<String, ?> attributes) {
        out.write(0x80);
        out.write(2);
        global(module, type);
        out.write(')');
        out.write(0x81); // an object without calling a constructor
        out.write('}');
        out.write('(');
        attributes.forEach((name, v) -> {
            text(name);
            if (v instanceof List<?> list) {
                boolean integers = !list.isEmpty() && list.get(0) instanceof Long;
                global("torch.jit._pickle", integers ? "build_intlist" : "build_tensorlist");
                out.write('(');
                value(list);
                out.write('t');
                out.write('R');
            } else {
                value(v);
            }
        });
        out.write('u');
        out.write('b');
        out.write('.');
        return out.toByteArray();
    }

    private void value(Object o) {
        if (o == null) {
            out.write('N');
        } else if (o instanceof Boolean b) {
            out.write(b ? 0x88 : 0x89);
        } else if (o instanceof Long || o instanceof Integer) {
            integer(((Number) o).longValue());
        } else if (o instanceof BigInteger big) {
            integer(big);
        } else if (o instanceof Number n) {
            out.write('G');
            out.writeBytes(ByteBuffer.allocate(8).putDouble(n.doubleValue()).array());
        } else if (o instanceof String s) {
            text(s);
        } else if (o instanceof byte[] bytes) {
            global("_codecs", "encode");
            text(new String(bytes, StandardCharsets.ISO_8859_1));
            text("latin1");
            out.write(0x86);
            out.write('R');
        } else if (o instanceof TorchTensor t) {
            tensor(t);
        } else if (o instanceof OrderedDict dict) {
            emptyOrdered();
            items(dict);
            if (dict.attributes() != null) {
                value(dict.attributes());
                out.write('b');
            }
        } else if (o instanceof Map<?, ?> map) {
            out.write('}');
            items(map);
        } else if (o instanceof Tuple tuple) {
            if (tuple.isSize()) {
                global("torch", "Size");
                tuple(tuple);
                out.write(0x85);
                out.write('R');
            } else {
                tuple(tuple);
            }
        } else if (o instanceof List<?> list) {
            out.write(']');
            out.write('(');
            list.forEach(this::value);
            out.write('e');
        } else {
            throw new IllegalArgumentException(
                    "a checkpoint holds maps, lists, numbers, text and tensors, not " + o.getClass());
        }
    }

    private void items(Map<?, ?> map) {
        out.write('(');
        map.forEach((k, v) -> {
            value(k);
            value(v);
        });
        out.write('u');
    }

    private void emptyOrdered() {
        global("collections", "OrderedDict");
        out.write(')');
        out.write('R');
    }

    private void tuple(List<?> values) {
        out.write('(');
        values.forEach(this::value);
        out.write('t');
    }

    private void tensor(TorchTensor t) {
        if (t.parameter()) {
            global("torch._utils", "_rebuild_parameter");
            out.write('(');
        }
        String key = keys.computeIfAbsent(t.storage(), s -> {
            String next = String.valueOf(keys.size());
            storages.put(next, s.bytes());
            return next;
        });
        global("torch._utils", "_rebuild_tensor_v2");
        out.write('(');
        out.write('(');
        text("storage");
        global("torch", t.type().storage);
        text(key);
        text("cpu");
        integer(t.storage().elements());
        out.write('t');
        out.write('Q');
        integer(t.offset());
        longs(t.shape());
        longs(t.stride());
        out.write(t.requiresGrad() && !t.parameter() ? 0x88 : 0x89);
        emptyOrdered();
        out.write('t');
        out.write('R');
        if (t.parameter()) {
            out.write(t.requiresGrad() ? 0x88 : 0x89);
            emptyOrdered();
            out.write('t');
            out.write('R');
        }
    }

    private void longs(long[] values) {
        out.write('(');
        for (long v : values) {
            integer(v);
        }
        out.write('t');
    }

    private void integer(long v) {
        if (v >= 0 && v < 256) {
            out.write('K');
            out.write((int) v);
        } else if (v == (int) v) {
            out.write('J');
            out.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt((int) v)
                    .array());
        } else {
            integer(BigInteger.valueOf(v));
        }
    }

    private void integer(BigInteger v) {
        byte[] big = v.toByteArray();
        out.write(0x8a);
        out.write(big.length);
        for (int i = big.length - 1; i >= 0; i--) {
            out.write(big[i]);
        }
    }

    private void text(String s) {
        byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(utf8.length)
                .array());
        out.writeBytes(utf8);
    }

    private void global(String module, String name) {
        out.write('c');
        out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }
}
