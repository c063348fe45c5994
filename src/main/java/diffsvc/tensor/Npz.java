package diffsvc.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.check.Shown;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * NumPy's .npy and .npz files. The engine's own reader ends the process on element types it does not know, and trusts
 * the sizes that a file declares; here the header is checked first, then the values are read block by block. Float16
 * and float32 become float32, float64 stays, int64 and uint32 become int64, all other integers and bool become int32.
 *
 * <p>All arrays of a file together may take {@link #mostBytes} in memory. The checksum of every part of a .npz is
 * compared, so a changed byte is found; a .npy has none. Each array that is read owns its memory: it is no view of
 * another array and borrows no Java buffer.
 */
public final class Npz {
    private static final int ALIGN = 64, LONGEST_HEADER = 10_000, MOST_ARRAYS = 4096, MOST_AXES = 32, BLOCK = 1 << 18;
    private static final int END = 0x06054b50, END_BYTES = 22, LONGEST_REMARK = 0xffff;
    private static final long LONGEST_AXIS = Integer.MAX_VALUE;
    private static final String REMEDY = "save it again with numpy.savez";
    private static final Pattern DESCR = Pattern.compile("'descr':\\s*'([^']{1,16})'"),
            ORDER = Pattern.compile("'fortran_order':\\s*(True|False)"),
            SHAPE = Pattern.compile("'shape':\\s*\\(([^()]*)\\)");
    private static final Set<String> TYPES = Set.of("f2", "f4", "f8", "i8", "i4", "i2", "i1", "u4", "u2", "u1", "b1");

    private Npz() {}

    /**
     * How many bytes the arrays of one file may take: half of the largest Java heap. With the launcher's 384 MiB that
     * is an hour of units, 50 per second and 256 wide.
     */
    public static long mostBytes() {
        return Runtime.getRuntime().maxMemory() / 2;
    }

    /**
     * All arrays by name, in the file's order; a .npy file holds one, whose name is empty. They belong to
     * {@code manager}.
     *
     * @param manager owner of what is made
     * @throws Problem of {@code stage} when the file is missing or damaged, holds other element types, or more than
     *     {@link #mostBytes}
     */
    public static Map<String, NDArray> read(NDManager manager, String stage, Path file) {
        return read(manager, stage, file, mostBytes());
    }

    static Map<String, NDArray> read(NDManager manager, String stage, Path file, long most) {
        Input.require(stage, file, "a .npy or .npz file");
        Reader reader = new Reader(manager, stage, file, most);
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        boolean whole = false;
        try {
            byte[] start;
            try (InputStream in = Files.newInputStream(file)) {
                start = in.readNBytes(2);
            }
            if (start.length == 2 && start[0] == 'P' && start[1] == 'K') {
                reader.archive(arrays);
            } else {
                try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
                    arrays.put("", reader.array("", in));
                }
            }
            whole = true;
            return arrays;
            // IllegalArgumentException: a name in the archive that is no text
        } catch (IOException | IllegalArgumentException e) {
            throw Problem.in(
                    stage,
                    file,
                    "a whole .npy or .npz file",
                    "a damaged one (" + Shown.of(e instanceof IOException io ? WholeFile.reason(io) : e.getMessage())
                            + ")",
                    REMEDY);
        } finally {
            if (!whole) {
                arrays.values().forEach(NDArray::close);
            }
        }
    }

    /** One file, and how many bytes its further arrays may take. */
    private static final class Reader {
        private final NDManager manager;
        private final String stage;
        private final Path file;
        private final long most;
        private long left;

        Reader(NDManager manager, String stage, Path file, long most) {
            this.manager = manager;
            this.stage = stage;
            this.file = file;
            this.most = most;
            left = most;
        }

        private Problem wrong(String need, String got, String remedy) {
            return Problem.in(stage, file, need, got, remedy);
        }

        private Problem tooMany(long count) {
            return wrong(
                    "at most " + MOST_ARRAYS + " arrays",
                    count < 0 ? "more" : String.valueOf(count),
                    "save fewer at once");
        }

        void archive(Map<String, NDArray> arrays) throws IOException {
            directory();
            try (ZipFile zip = new ZipFile(file.toFile())) {
                if (zip.size() > MOST_ARRAYS) {
                    throw tooMany(zip.size());
                }
                Set<String> names = new HashSet<>();
                for (ZipEntry entry : Collections.list(zip.entries())) {
                    String name = entry.getName().replaceFirst("\\.npy$", "");
                    if (name.equals(entry.getName())) {
                        throw wrong("arrays only (NAME.npy)", "\"" + Shown.of(name) + "\" among them", REMEDY);
                    }
                    if (!names.add(name)) {
                        throw wrong("a name for each array", "\"" + Shown.of(name) + "\" twice", REMEDY);
                    }
                }
                for (ZipEntry entry : Collections.list(zip.entries())) {
                    String name = entry.getName().replaceFirst("\\.npy$", "");
                    CRC32 sum = new CRC32();
                    try (InputStream in =
                            new BufferedInputStream(new CheckedInputStream(zip.getInputStream(entry), sum))) {
                        arrays.put(name, array(name, in));
                    }
                    // ZipFile itself does not compare
                    if (sum.getValue() != entry.getCrc()) {
                        throw wrong(
                                "a whole .npz file",
                                "a damaged one (the checksum of " + Shown.of(name) + " differs)",
                                REMEDY);
                    }
                }
            }
        }

        /** Checks the end of the archive before its directory is read, which may be larger than the memory. */
        private void directory() throws IOException {
            try (FileChannel in = FileChannel.open(file)) {
                int tail = (int) Math.min(in.size(), END_BYTES + LONGEST_REMARK);
                ByteBuffer end = ByteBuffer.allocate(tail).order(ByteOrder.LITTLE_ENDIAN);
                long from = in.size() - tail;
                while (end.hasRemaining() && in.read(end, from + end.position()) > 0) {
                    continue;
                }
                for (int at = end.position() - END_BYTES; at >= 0; at--) {
                    if (end.getInt(at) == END) {
                        int count = Short.toUnsignedInt(end.getShort(at + 10));
                        long bytes = Integer.toUnsignedLong(end.getInt(at + 12)),
                                place = Integer.toUnsignedLong(end.getInt(at + 16));
                        if (count > MOST_ARRAYS || bytes > MOST_ARRAYS * 1024L || place == 0xffffffffL) {
                            throw tooMany(count > MOST_ARRAYS && count < 0xffff ? count : -1);
                        }
                        return;
                    }
                }
                throw new IOException("no directory at its end");
            }
        }

        NDArray array(String name, InputStream in) throws IOException {
            String what = name.isEmpty() ? "" : " in " + Shown.of(name);
            byte[] magic = in.readNBytes(8);
            if (magic.length < 8
                    || (magic[0] & 255) != 0x93
                    || !new String(magic, 1, 5, StandardCharsets.US_ASCII).equals("NUMPY")
                    || magic[6] < 1
                    || magic[6] > 3) {
                throw wrong("NumPy's format" + what, "another", "save it with numpy.save or numpy.savez");
            }
            byte[] size = in.readNBytes(magic[6] == 1 ? 2 : 4);
            long length = 0;
            for (int i = size.length - 1; i >= 0; i--) {
                length = length << 8 | size[i] & 255;
            }
            String header =
                    length > LONGEST_HEADER ? "" : new String(in.readNBytes((int) length), StandardCharsets.ISO_8859_1);
            Matcher descr = DESCR.matcher(header), order = ORDER.matcher(header), shape = SHAPE.matcher(header);
            if (header.length() < length || !descr.find() || !order.find() || !shape.find()) {
                throw wrong("an array of numbers" + what, "another header", REMEDY);
            }
            String type = descr.group(1).replaceFirst("^[<>|=]", "");
            if (!TYPES.contains(type)
                    || descr.group(1).length() != 3
                    || type.charAt(1) > '1' && !descr.group(1).matches("[<>].*")) {
                throw wrong(
                        "float16, float32, float64, integers or bool" + what,
                        Shown.of(descr.group(1)),
                        "save it .astype('float32')");
            }
            return values(
                    what,
                    in,
                    type,
                    descr.group(1).charAt(0) == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN,
                    order.group(1).equals("True"),
                    shape.group(1));
        }

        private NDArray values(
                String what, InputStream in, String type, ByteOrder order, boolean turned, String written)
                throws IOException {
            String[] cells = written.isBlank()
                    ? new String[0]
                    : written.replaceAll("\\s", "").split(",");
            String need = "as many values as the shape (" + Shown.of(written) + ") holds" + what;
            long[] sizes = new long[cells.length];
            long count = 1, width = type.charAt(1) - '0', kept = type.matches("[fi]8|u4") ? 8 : 4;
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = cells[i].matches("\\d{1,10}L?") ? Long.parseLong(cells[i].replace("L", "")) : -1;
                if (sizes[i] < 0 || sizes[i] > LONGEST_AXIS || sizes.length > MOST_AXES) {
                    throw wrong(need, "no shape of bytes in memory", REMEDY);
                }
            }
            for (long s : sizes) {
                count = s > 0 && count > most / s ? most + 1 : count * Math.max(1, Math.min(s, most));
            }
            for (long s : sizes) {
                count = s == 0 ? 0 : count;
            }
            if (count > left / kept) {
                throw wrong(
                        "at most " + (most >> 20) + " MiB of values, half of what the Java heap may take",
                        "(" + Shown.of(written) + ")" + what + (left < most ? " after others" : ""),
                        "save fewer, as float32, or give Java more (-Xmx)");
            }
            left -= count * kept;
            boolean transposed = turned && sizes.length > 1;
            NDArray array = manager.create(
                    new Shape(transposed ? reversed(sizes) : sizes),
                    type.matches("f[24]")
                            ? DataType.FLOAT32
                            : type.equals("f8") ? DataType.FLOAT64 : kept == 8 ? DataType.INT64 : DataType.INT32);
            try {
                fill(array, need, in, type, order, (int) width, count);
                if (in.read() >= 0) {
                    throw wrong(need, "more bytes", REMEDY);
                }
            } catch (IOException | RuntimeException e) {
                array.close();
                throw e;
            }
            return transposed && count > 0
                    ? straightened(array, new Shape(sizes))
                    : transposed ? array.reshape(sizes) : array;
        }

        /** Copies block by block into memory of the engine. */
        private void fill(
                NDArray array, String need, InputStream in, String type, ByteOrder order, int width, long count)
                throws IOException {
            byte[] bytes = new byte[(int) Math.min(BLOCK, Math.max(1, count)) * width];
            for (long at = 0; at < count; at += BLOCK) {
                int n = (int) Math.min(BLOCK, count - at), came = in.readNBytes(bytes, 0, n * width);
                if (came < n * width) {
                    throw wrong(need, at * width + came + " bytes", REMEDY);
                }
                try (NDManager scratch = manager.newSubManager()) {
                    scratch.tempAttachAll(array);
                    array.reshape(count)
                            .set(
                                    new NDIndex().addSliceDim(at, at + n),
                                    block(
                                            scratch,
                                            ByteBuffer.wrap(bytes, 0, n * width).order(order),
                                            type,
                                            n));
                }
            }
        }

        /** From Fortran order to C order in memory of its own, which a transposed view is not. */
        private static NDArray straightened(NDArray columns, Shape shape) {
            NDArray own = columns.getManager().create(shape, columns.getDataType());
            try (NDManager scratch = columns.getManager().newSubManager()) {
                scratch.tempAttachAll(own, columns);
                own.set(new NDIndex("..."), columns.transpose());
            }
            columns.close();
            return own;
        }
    }

    private static long[] reversed(long[] sizes) {
        long[] reversed = new long[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            reversed[i] = sizes[sizes.length - 1 - i];
        }
        return reversed;
    }

    private static NDArray block(NDManager manager, ByteBuffer in, String type, int n) {
        switch (type) {
            case "f4", "f2" -> {
                float[] v = new float[n];
                for (int i = 0; i < n; i++) {
                    v[i] = type.equals("f4") ? in.getFloat() : half(in.getShort());
                }
                return manager.create(v);
            }
            case "f8" -> {
                double[] v = new double[n];
                in.asDoubleBuffer().get(v);
                return manager.create(v);
            }
            case "i8", "u4" -> {
                long[] v = new long[n];
                for (int i = 0; i < n; i++) {
                    v[i] = type.equals("i8") ? in.getLong() : Integer.toUnsignedLong(in.getInt());
                }
                return manager.create(v);
            }
            default -> {
                int[] v = new int[n];
                for (int i = 0; i < n; i++) {
                    v[i] = switch (type) {
                        case "i4" -> in.getInt();
                        case "i2" -> in.getShort();
                        case "u2" -> Short.toUnsignedInt(in.getShort());
                        case "i1" -> in.get();
                        default -> Byte.toUnsignedInt(in.get());
                    };
                }
                return manager.create(v);
            }
        }
    }

    /** IEEE 754 binary16: 1 bit sign, 5 exponent, 10 fraction. */
    private static float half(short bits) {
        int exponent = bits >> 10 & 31, fraction = bits & 1023;
        float size = exponent == 0
                ? fraction * 0x1p-24f
                : exponent < 31
                        ? (1024 + fraction) * (float) Math.scalb(1.0, exponent - 25)
                        : fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        return bits < 0 ? -size : size;
    }

    /**
     * Writes arrays of float32, float64, int32, int64 or bool to a .npz, whole or not at all. The same values give the
     * same bytes.
     *
     * @return {@code file}
     */
    public static Path write(String stage, Path file, Map<String, NDArray> arrays) {
        return WholeFile.write(stage, file, part -> {
            try (OutputStream out = Files.newOutputStream(part);
                    ZipOutputStream zip = new ZipOutputStream(out)) {
                zip.setLevel(Deflater.BEST_SPEED);
                for (Map.Entry<String, NDArray> e : arrays.entrySet()) {
                    ZipEntry entry = new ZipEntry(e.getKey() + ".npy");
                    entry.setTime(0); // the same values, the same bytes
                    zip.putNextEntry(entry);
                    write(zip, e.getValue());
                    zip.closeEntry();
                }
            }
        });
    }

    private static void write(OutputStream out, NDArray array) throws IOException {
        DataType type = array.getDataType();
        String descr =
                switch (type) {
                    case FLOAT32 -> "<f4";
                    case FLOAT64 -> "<f8";
                    case INT64 -> "<i8";
                    case INT32 -> "<i4";
                    case BOOLEAN -> "|b1";
                    default -> throw new IllegalArgumentException("no NumPy type for " + type);
                };
        List<String> sizes = Arrays.stream(array.getShape().getShape())
                .mapToObj(String::valueOf)
                .toList();
        String shape = sizes.size() == 1 ? sizes.get(0) + "," : String.join(", ", sizes);
        StringBuilder header =
                new StringBuilder("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }");
        while ((10 + header.length() + 1) % ALIGN != 0) {
            header.append(' ');
        }
        byte[] text = header.append('\n').toString().getBytes(StandardCharsets.ISO_8859_1);
        out.write(
                new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length, (byte) (text.length >> 8)});
        out.write(text);
        ByteBuffer values = array.toByteBuffer();
        byte[] bytes = new byte[values.remaining()];
        values.get(bytes);
        out.write(bytes);
    }
}
