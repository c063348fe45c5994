package diffsvc.checkpoint;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * The files of torch.save and torch.load, as data only. Reads two layouts: the zip of PyTorch 1.6 and newer
 * ({@code NAME/data.pkl}, a pickle whose tensors point into {@code NAME/data/K}) and the older stream (five pickles,
 * then the storages one after the other). Writes the zip such that torch.load(weights_only=True) opens it, and keeps
 * names, their order and shared storages.
 */
public final class TorchFile {
    private static final String STAGE = "checkpoint";
    private static final long LARGEST_PICKLE = 256L << 20;
    private static final BigInteger STREAM_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long STREAM_PROTOCOL = 1001;

    private TorchFile() {}

    /**
     * The content of a file.
     *
     * @param root nested {@link OrderedDict}s, maps, lists, {@link Tuple}s, numbers, strings and {@link TorchTensor}s
     * @param notes values that are read differently from Python, one sentence each
     */
    public record Content(Object root, List<String> notes) {}

    /** The object in the file: {@link #open} without the notes. */
    public static Object read(Path file) {
        return open(file).root();
    }

    /**
     * The object in the file, and notes. Tensors are memory-mapped: their values are read when they are used.
     *
     * @throws Problem when the file is missing, is no torch file, is damaged, or would run code in Python
     */
    public static Content open(Path file) {
        return open(file, true);
    }

    /**
     * The same without a mapping: values are read from the file at each use, so its pages do not count as memory of the
     * process. The file must not change meanwhile.
     */
    public static Content openUnmapped(Path file) {
        return open(file, false);
    }

    private static Content open(Path file, boolean mapped) {
        if (!Files.isRegularFile(file)) {
            throw Problem.in(STAGE, file, "a checkpoint", Input.kind(file), "check the path, or put the file there");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            byte[] start = new byte[2];
            int n = channel.read(ByteBuffer.wrap(start));
            boolean zip = n == 2 && start[0] == 'P' && start[1] == 'K', pickle = n == 2 && (start[0] & 255) == 0x80;
            if (!zip && !pickle) {
                throw Problem.in(
                        STAGE,
                        file,
                        "a file made by torch.save",
                        channel.size() == 0 ? "an empty file" : "another kind of file",
                        "give a .pt, .pth or .ckpt file");
            }
            Reading reading = new Reading(file, channel, mapped);
            return zip ? reading.zip() : reading.stream();
        } catch (IOException e) {
            throw Problem.in(
                    STAGE,
                    file,
                    "a whole torch file",
                    e.getClass().getSimpleName() + " " + e.getMessage(),
                    "copy or download it again");
        }
    }

    private static final class Reading {
        private final Path file;
        private final FileChannel channel;
        private final boolean mapped;
        private final Map<String, TorchStorage> storages = new HashMap<>();
        private final List<String> notes = new ArrayList<>();
        private long budget;

        Reading(Path file, FileChannel channel, boolean mapped) throws IOException {
            this.file = file;
            this.channel = channel;
            this.mapped = mapped;
            budget = Math.multiplyExact(4L, channel.size()) + (64 << 20); // views may share a storage, within limits
        }

        Content zip() throws IOException {
            Map<String, ZipArchiveEntry> entries = new HashMap<>();
            try (ZipFile zip = ZipFile.builder().setPath(file).get()) {
                for (ZipArchiveEntry e : Collections.list(zip.getEntries())) {
                    if (entries.put(e.getName(), e) != null) {
                        throw damaged("each entry once", e.getName() + " twice");
                    }
                }
            } catch (IllegalArgumentException
                    | IllegalStateException
                    | IndexOutOfBoundsException
                    | ArithmeticException
                    | NegativeArraySizeException e) {
                throw damaged("a whole zip", e.getClass().getSimpleName());
            }
            String root = null;
            for (String name : entries.keySet()) {
                if (name.endsWith("/data.pkl") && name.indexOf('/') == name.lastIndexOf('/')) {
                    root = name.substring(0, name.length() - "data.pkl".length());
                }
            }
            if (root == null) {
                throw Problem.in(
                        STAGE,
                        file,
                        "NAME/data.pkl inside the zip",
                        "a zip without it",
                        "give a file made by torch.save");
            }
            String base = root;
            if (entries.containsKey(base + "byteorder")
                    && !StandardCharsets.US_ASCII
                            .decode(entry(entries, base + "byteorder", 16))
                            .toString()
                            .strip()
                            .equals("little")) {
                throw damaged("little-endian storages", "another byte order");
            }
            PickleReader pickle = new PickleReader(
                    file,
                    entry(entries, base + "data.pkl", LARGEST_PICKLE),
                    id -> zipStorage(entries, base, id),
                    this::view);
            return content(pickle);
        }

        private Content content(PickleReader pickle) {
            Object root = pickle.read();
            if (pickle.numpyScalars() > 0) {
                notes.add(pickle.numpyScalars() + " numpy scalar" + (pickle.numpyScalars() == 1 ? "" : "s")
                        + " read as plain numbers");
            }
            return new Content(root, notes);
        }

        /** A stretch of the file. */
        private record Place(long at, long size) {}

        /** The place of an entry, after comparing its checksum. */
        private Place place(Map<String, ZipArchiveEntry> entries, String name, long largest) throws IOException {
            ZipArchiveEntry entry = entries.get(name);
            if (entry == null) {
                throw damaged("the entry " + name, "a zip without it");
            }
            long size = entry.getSize(), at = entry.getDataOffset();
            if (entry.getMethod() != ZipArchiveEntry.STORED || size != entry.getCompressedSize()) {
                throw Problem.in(
                        STAGE,
                        file,
                        "the entry " + name + " stored as it is",
                        "a compressed one",
                        "save it again with torch.save");
            }
            if (size < 0 || at < 0 || at > channel.size() - size || size > largest) {
                throw damaged(
                        "the entry " + name + " inside the file", size + " bytes at " + at + " of " + channel.size());
            }
            if (entry.getCrc() != 0
                    && checksum(at, size) != entry.getCrc()) { // PyTorch writes 0 if it skips the checksum
                throw damaged("the entry " + name + " whole", "one whose checksum is wrong");
            }
            return new Place(at, size);
        }

        private ByteBuffer entry(Map<String, ZipArchiveEntry> entries, String name, long largest) throws IOException {
            Place place = place(entries, name, largest);
            return map(place.at, place.size);
        }

        private long checksum(long at, long size) throws IOException {
            CRC32 crc = new CRC32();
            if (mapped) {
                crc.update(map(at, size));
                return crc.getValue();
            }
            ByteBuffer piece = ByteBuffer.allocate(1 << 16);
            for (long done = 0; done < size; done += piece.limit()) {
                piece.clear().limit((int) Math.min(piece.capacity(), size - done));
                while (piece.hasRemaining()) {
                    if (channel.read(piece, at + done + piece.position()) < 0) {
                        throw damaged("a whole file", "one that ends at " + channel.size());
                    }
                }
                crc.update(piece.flip());
                piece.flip();
            }
            return crc.getValue();
        }

        private TorchStorage.Bytes bytes(long at, long size) throws IOException {
            if (mapped || size == 0) {
                return TorchStorage.Bytes.of(map(at, size));
            }
            if (size > Integer.MAX_VALUE) {
                map(at, size);
            }
            return TorchStorage.Bytes.of(file, at);
        }

        private ByteBuffer map(long at, long size) throws IOException {
            if (size > Integer.MAX_VALUE) {
                throw Problem.in(
                        STAGE,
                        file,
                        "storages below 2 GiB",
                        size + " bytes",
                        "save the tensors apart: each with a storage of its own");
            }
            return size == 0 ? ByteBuffer.allocate(0) : channel.map(FileChannel.MapMode.READ_ONLY, at, size);
        }

        /** ('storage', class, key, device, elements). */
        private Object zipStorage(Map<String, ZipArchiveEntry> entries, String root, List<Object> id) {
            String key = (String) id.get(2);
            TorchStorage known = storages.get(key);
            if (known != null) {
                return known;
            }
            TorchTensor.Type type = type(id.get(1));
            long elements = (Long) id.get(4);
            if (key.isEmpty()
                    || !key.chars()
                            .allMatch(c -> c >= '0' && c <= '9'
                                    || c >= 'a' && c <= 'z'
                                    || c >= 'A' && c <= 'Z'
                                    || c == '_'
                                    || c == '-')) {
                throw damaged("storages named by numbers", "one named " + key);
            }
            try {
                Place place = place(entries, root + "data/" + key, Long.MAX_VALUE);
                if (elements < 0 || elements > place.size / type.width()) {
                    throw damaged(elements + " elements in storage " + key, place.size / type.width() + "");
                }
                TorchStorage storage = new TorchStorage(type, elements, bytes(place.at, place.size));
                storages.put(key, storage);
                return storage;
            } catch (IOException e) {
                throw damaged("storage " + key, String.valueOf(e.getMessage()));
            }
        }

        private TorchTensor.Type type(Object global) {
            String kind = PickleReader.storageClass(global);
            return Arrays.stream(TorchTensor.Type.values())
                    .filter(t -> t.storage.equals(kind))
                    .findFirst()
                    .orElseThrow(() ->
                            Problem.in(STAGE, file, "a storage of a known type", kind, "convert the tensor first"));
        }

        /**
         * The format before PyTorch 1.6: magic number, version, the machine's sizes, the object, the storages' keys,
         * the storages.
         */
        Content stream() throws IOException {
            ByteBuffer in = map(0, Math.min(channel.size(), Integer.MAX_VALUE));
            Object magic = plain(in), protocol = plain(in);
            if (!STREAM_MAGIC.equals(magic) || !Long.valueOf(STREAM_PROTOCOL).equals(protocol)) {
                throw Problem.in(
                        STAGE,
                        file,
                        "a file made by torch.save",
                        "another kind of pickle",
                        "give a .pt, .pth or .ckpt file");
            }
            if (plain(in) instanceof Map<?, ?> machine && !Boolean.TRUE.equals(machine.get("little_endian"))) {
                throw damaged("little-endian storages", "another byte order");
            }
            long size = channel.size();
            Content content = content(new PickleReader(file, in, id -> streamStorage(id, size), this::view));
            if (!(plain(in) instanceof List<?> keys)) {
                throw damaged("the list of storages", "something else");
            }
            long at = in.position();
            Map<String, TorchStorage> left = new HashMap<>(storages);
            for (Object key : keys) {
                TorchStorage storage = left.remove(String.valueOf(key));
                if (storage == null || at > size - 8) {
                    throw damaged(
                            "the storage " + key + " once",
                            storage == null ? "one that no tensor has" : "the file's end");
                }
                long elements = map(at, 8).order(ByteOrder.LITTLE_ENDIAN).getLong(),
                        bytes = storage.elements() * storage.type().width();
                if (elements != storage.elements() || at + 8 > size - bytes) {
                    throw damaged(
                            storage.elements() + " elements in storage " + key,
                            elements != storage.elements() ? String.valueOf(elements) : "the file's end");
                }
                storage.bind(bytes(at + 8, bytes));
                at += 8 + bytes;
            }
            if (!left.isEmpty()) {
                throw damaged("all storages", left.size() + " missing");
            }
            return content;
        }

        private Object plain(ByteBuffer in) {
            return new PickleReader(
                            file,
                            in,
                            id -> {
                                throw damaged("a header", "a storage in it");
                            },
                            (storage, offset, shape, stride, grad) -> {
                                throw damaged("a header", "a tensor in it");
                            })
                    .read();
        }

        /**
         * ('storage', class, key, device, elements, view of another); views of views were never written by PyTorch 0.4
         * or newer.
         */
        private Object streamStorage(List<Object> id, long fileSize) {
            String key = (String) id.get(2);
            TorchTensor.Type type = type(id.get(1));
            long elements = (Long) id.get(4);
            if (elements < 0 || elements > fileSize / type.width()) {
                throw damaged("a storage smaller than the file", elements + " elements");
            }
            if (id.size() > 5 && id.get(5) != null) {
                throw Problem.in(
                        STAGE,
                        file,
                        "storages of their own",
                        "a view of another storage",
                        "save it again with a newer PyTorch");
            }
            return storages.computeIfAbsent(key, k -> new TorchStorage(type, elements, (TorchStorage.Bytes) null));
        }

        /** A view. It is refused unless all its elements lie inside the storage. */
        private TorchTensor view(Object from, long offset, long[] shape, long[] stride, boolean requiresGrad) {
            TorchStorage storage = (TorchStorage) from;
            long count = 1, last = offset;
            boolean sane = offset >= 0 && shape.length == stride.length && shape.length <= 16;
            for (int d = shape.length - 1; sane && d >= 0; d--) {
                sane = shape[d] >= 0
                        && stride[d] >= 0
                        && shape[d] < 1L << 40
                        && stride[d] < 1L << 40
                        && count < 1L << 40;
                count *= sane ? shape[d] : 1;
                last += sane && shape[d] > 0 ? (shape[d] - 1) * stride[d] : 0;
                sane &= last >= 0 && last < 1L << 62;
            }
            sane &= count == 0 || last < storage.elements();
            int width = storage.type().width();
            if (!sane || count > (Integer.MAX_VALUE - 8) / width || (budget -= count * width) < 0) {
                throw damaged(
                        "tensors inside their storages",
                        "one of shape " + Arrays.toString(shape) + " at " + offset + " in " + storage.elements()
                                + " elements");
            }
            return new TorchTensor(storage, offset, shape, stride, requiresGrad, false);
        }

        private Problem damaged(String need, String got) {
            return Problem.in(STAGE, file, need, got, "copy or download the file again");
        }
    }

    /** Writes nested maps, lists, tuples, numbers, strings, booleans, nulls and tensors, whole or not at all. */
    public static void write(Path file, Map<?, ?> root) {
        write(file, root, written -> {});
    }

    /**
     * The same with a check of the written file.
     *
     * @param check receives the temporary file before it is renamed; if it throws, no file is written
     */
    public static void write(Path file, Map<?, ?> root, Consumer<Path> check) {
        PickleWriter pickle = new PickleWriter();
        byte[] data = pickle.write(root);
        WholeFile.write(STAGE, file, part -> {
            try (TorchZip zip = new TorchZip(Files.newOutputStream(part), "archive")) {
                zip.put("data.pkl", data);
                zip.put("byteorder", "little");
                zip.put(pickle.storages());
                zip.put("version", "3\n");
            }
            check.accept(part);
        });
    }
}
