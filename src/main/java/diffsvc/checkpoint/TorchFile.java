package diffsvc.checkpoint;

import diffsvc.audio.WholeFile;
import diffsvc.check.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * PyTorch's zip format (torch.save since 1.6): {@code NAME/data.pkl}, a pickle whose tensors point into {@code NAME/data/K}. Read as data
 * only; written so that torch.load(weights_only=True) opens it, with the same names in the same order.
 */
public final class TorchFile {
    private static final String STAGE = "checkpoint";
    private static final int ALIGNMENT = 64;

    private TorchFile() {}

    /**
     * The object in the file: nested maps, lists, numbers, strings and {@link TorchTensor}.
     *
     * @throws Problem when the file is missing, is no torch zip, is broken, or names something that would run code
     */
    public static Object read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw Problem.in(STAGE, file, "a checkpoint", "nothing at that path", "check the path, or put the file there");
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            String root = null;
            for (Enumeration<? extends ZipEntry> e = zip.entries(); e.hasMoreElements();) {
                String name = e.nextElement().getName();
                if (name.endsWith("/data.pkl") && name.indexOf('/') == name.lastIndexOf('/')) {
                    root = name.substring(0, name.length() - "data.pkl".length());
                }
            }
            if (root == null) {
                throw Problem.in(STAGE, file, "NAME/data.pkl inside the zip", "a zip without it", "give a file made by torch.save");
            }
            return new Loading(file, zip, root).read();
        } catch (java.util.zip.ZipException e) {
            throw Problem.in(STAGE, file, "a zip made by torch.save (PyTorch 1.6 or newer)", String.valueOf(e.getMessage()), "save it again with a newer PyTorch");
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", e.getClass().getSimpleName() + " " + e.getMessage(), "copy or download it again");
        }
    }

    private static final class Loading {
        private record Storage(TorchTensor.Type type, ByteBuffer bytes) {}

        private final Path file;
        private final ZipFile zip;
        private final String root;
        private final Map<String, Storage> storages = new HashMap<>();
        private long budget;

        Loading(Path file, ZipFile zip, String root) throws IOException {
            this.file = file;
            this.zip = zip;
            this.root = root;
            budget = Math.multiplyExact(4L, Files.size(file)) + (64 << 20);   // views may share a storage, but not without end
        }

        Object read() throws IOException {
            return new PickleReader(file, entry(root + "data.pkl"), this::storage, this::view).read();
        }

        private byte[] entry(String name) throws IOException {
            ZipEntry entry = zip.getEntry(name);
            if (entry == null) {
                throw Problem.in(STAGE, file, "the entry " + name, "a zip without it", "copy or download the file again");
            }
            if (entry.getMethod() != ZipEntry.STORED || entry.getSize() < 0 || entry.getSize() > Files.size(file)) {
                throw Problem.in(STAGE, file, "the entry " + name + " stored as it is", "one of " + entry.getSize() + " bytes, compressed", "save it again with torch.save");
            }
            try (InputStream in = zip.getInputStream(entry)) {
                byte[] bytes = in.readNBytes((int) entry.getSize());
                CRC32 crc = new CRC32();
                crc.update(bytes);
                // PyTorch writes a CRC of 0 when told to skip it
                if (bytes.length != entry.getSize() || entry.getCrc() != 0 && crc.getValue() != entry.getCrc()) {
                    throw Problem.in(STAGE, file, "the entry " + name + " whole", "a damaged one", "copy or download the file again");
                }
                return bytes;
            }
        }

        /** ('storage', class, key, device, elements). */
        private Object storage(List<Object> id) {
            String kind = PickleReader.storageClass(id.get(1)), key = (String) id.get(2);
            long elements = (Long) id.get(4);
            Storage known = storages.get(key);
            if (known != null) {
                return known;
            }
            TorchTensor.Type type = Arrays.stream(TorchTensor.Type.values()).filter(t -> t.storage.equals(kind)).findFirst()
                    .orElseThrow(() -> Problem.in(STAGE, file, "a storage of a known type", kind, "convert the tensor first"));
            try {
                byte[] bytes = entry(root + "data/" + key);
                if (elements < 0 || elements > bytes.length / type.width) {
                    throw Problem.in(STAGE, file, elements + " elements in storage " + key, bytes.length / type.width + "", "copy or download the file again");
                }
                Storage storage = new Storage(type, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
                storages.put(key, storage);
                return storage;
            } catch (IOException e) {
                throw Problem.in(STAGE, file, "storage " + key, String.valueOf(e.getMessage()), "copy or download the file again");
            }
        }

        /** A contiguous copy of a view; every index it would touch lies inside the storage, or it is refused. */
        private TorchTensor view(Object from, long offset, long[] shape, long[] stride) {
            Storage storage = (Storage) from;
            int width = storage.type().width;
            long count = 1, last = offset;
            boolean sane = offset >= 0 && shape.length == stride.length && shape.length <= 16, contiguous = true;
            long expected = 1;
            for (int d = shape.length - 1; sane && d >= 0; d--) {
                sane = shape[d] >= 0 && stride[d] >= 0 && shape[d] < 1L << 40 && stride[d] < 1L << 40 && count < 1L << 40;
                count *= sane ? shape[d] : 1;
                last += sane && shape[d] > 0 ? (shape[d] - 1) * stride[d] : 0;
                contiguous &= shape[d] == 1 || stride[d] == expected;
                expected *= sane ? Math.max(1, shape[d]) : 1;
            }
            sane &= count == 0 || last < storage.bytes().capacity() / width;
            if (!sane || (budget -= count * width) < 0 || count * width > Integer.MAX_VALUE - 8) {
                throw Problem.in(STAGE, file, "tensors inside their storages", "one of shape " + Arrays.toString(shape) + " at " + offset + " in "
                        + storage.bytes().capacity() / width + " elements", "copy or download the file again");
            }
            if (contiguous || count == 0) {
                return new TorchTensor(storage.type(), shape, storage.bytes().slice((int) (count == 0 ? 0 : offset * width), (int) count * width).order(ByteOrder.LITTLE_ENDIAN));
            }
            ByteBuffer out = ByteBuffer.allocate((int) count * width).order(ByteOrder.LITTLE_ENDIAN);
            long[] index = new long[shape.length];
            for (long i = 0; i < count; i++) {
                long at = offset;
                for (int d = 0; d < index.length; d++) {
                    at += index[d] * stride[d];
                }
                out.put((int) i * width, storage.bytes(), (int) at * width, width);
                for (int d = index.length - 1; d >= 0 && ++index[d] == shape[d]; d--) {
                    index[d] = 0;
                }
            }
            return new TorchTensor(storage.type(), shape, out);
        }
    }

    /** Writes nested maps, lists, numbers, strings, booleans, nulls and tensors; whole or not at all. */
    public static void write(Path file, Map<String, ?> root) {
        PickleWriter pickle = new PickleWriter();
        byte[] data = pickle.write(root);
        WholeFile.write(STAGE, file, part -> {
            try (Counting counted = new Counting(Files.newOutputStream(part)); ZipOutputStream zip = new ZipOutputStream(counted)) {
                zip.setMethod(ZipOutputStream.STORED);
                put(zip, counted, "archive/data.pkl", ByteBuffer.wrap(data));
                put(zip, counted, "archive/byteorder", ByteBuffer.wrap("little".getBytes(StandardCharsets.US_ASCII)));
                for (Map.Entry<String, ByteBuffer> storage : pickle.storages().entrySet()) {
                    put(zip, counted, "archive/data/" + storage.getKey(), storage.getValue());
                }
                put(zip, counted, "archive/version", ByteBuffer.wrap("3\n".getBytes(StandardCharsets.US_ASCII)));
            }
        });
    }

    /** One stored entry whose data begin at a multiple of 64, as PyTorch's memory mapping likes it; the gap is an extra field. */
    private static void put(ZipOutputStream zip, Counting counted, String name, ByteBuffer data) throws IOException {
        byte[] bytes = new byte[data.remaining()];
        data.duplicate().get(bytes);
        ZipEntry entry = new ZipEntry(name);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        entry.setSize(bytes.length);
        entry.setCompressedSize(bytes.length);
        entry.setCrc(crc.getValue());
        entry.setTimeLocal(java.time.LocalDateTime.of(1980, 1, 1, 0, 0));    // the same weights give the same file
        zip.flush();
        int header = 30 + name.length() + 4, gap = (int) ((ALIGNMENT - (counted.count + header) % ALIGNMENT) % ALIGNMENT);
        byte[] extra = new byte[4 + gap];
        extra[0] = 'F';
        extra[1] = 'B';
        extra[2] = (byte) gap;
        extra[3] = (byte) (gap >> 8);
        entry.setExtra(extra);
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    private static final class Counting extends OutputStream {
        private final OutputStream out;
        private long count;

        Counting(OutputStream out) {
            this.out = new java.io.BufferedOutputStream(out, 1 << 16);
        }

        @Override public void write(int b) throws IOException {
            out.write(b);
            count++;
        }

        @Override public void write(byte[] b, int off, int len) throws IOException {
            out.write(b, off, len);
            count += len;
        }

        @Override public void flush() throws IOException {
            out.flush();
        }

        @Override public void close() throws IOException {
            out.close();
        }
    }

    /** Protocol 2, as torch.save writes it. */
    private static final class PickleWriter {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final Map<String, ByteBuffer> storages = new LinkedHashMap<>();

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

        private void value(Object o) {
            if (o == null) {
                out.write('N');
            } else if (o instanceof Boolean b) {
                out.write(b ? 0x88 : 0x89);
            } else if (o instanceof Long || o instanceof Integer) {
                integer(((Number) o).longValue());
            } else if (o instanceof Number n) {
                out.write('G');
                out.writeBytes(ByteBuffer.allocate(8).putDouble(n.doubleValue()).array());
            } else if (o instanceof String s) {
                text(s);
            } else if (o instanceof TorchTensor t) {
                tensor(t);
            } else if (o instanceof Map<?, ?> map) {
                global("collections", "OrderedDict");
                out.write(')');
                out.write('R');
                out.write('(');
                map.forEach((k, v) -> {
                    value(k);
                    value(v);
                });
                out.write('u');
            } else if (o instanceof List<?> list) {
                out.write(']');
                out.write('(');
                list.forEach(this::value);
                out.write('e');
            } else {
                throw new IllegalArgumentException("a checkpoint holds maps, lists, numbers, text and tensors, not " + o.getClass());
            }
        }

        private void tensor(TorchTensor t) {
            String key = String.valueOf(storages.size());
            storages.put(key, t.bytes().duplicate().clear());
            global("torch._utils", "_rebuild_tensor_v2");
            out.write('(');
            out.write('(');
            text("storage");
            global("torch", t.type().storage);
            text(key);
            text("cpu");
            integer(t.size());
            out.write('t');
            out.write('Q');
            integer(0);
            longs(t.shape());
            long[] stride = new long[t.shape().length];
            for (int d = stride.length - 1, s = 1; d >= 0; s *= (int) t.shape()[d--]) {
                stride[d] = s;
            }
            longs(stride);
            out.write(0x89);
            global("collections", "OrderedDict");
            out.write(')');
            out.write('R');
            out.write('t');
            out.write('R');
        }

        private void longs(long[] values) {
            out.write('(');
            for (long v : values) {
                integer(v);
            }
            out.write('t');
        }

        private void integer(long v) {
            if (v == (int) v) {
                out.write('J');
                out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) v).array());
            } else {
                out.write(0x8a);
                out.write(8);
                out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array());
            }
        }

        private void text(String s) {
            byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
            out.write('X');
            out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(utf8.length).array());
            out.writeBytes(utf8);
        }

        private void global(String module, String name) {
            out.write('c');
            out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
        }
    }
}
