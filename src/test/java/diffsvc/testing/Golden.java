package diffsvc.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.hparams.Hparams;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One golden npz with its part of manifest.json: arrays by name, tolerances from there, first difference named. */
public final class Golden implements AutoCloseable {
    /** The set, or another one: {@code -Dgolden=FOLDER}, {@code ./diffsvc test --golden FOLDER}. */
    public static final Path FOLDER = folder();
    /** Voices of diff-svc's kinds beyond the first set's. */
    public static final Path VOICES =
            Path.of("src/test/resources/golden-voices").toAbsolutePath();

    private static final JsonObject MANIFEST = manifest(FOLDER);
    private final NDManager manager = NDManager.newBaseManager();
    private final Map<String, NDArray> arrays = new LinkedHashMap<>();
    private final JsonObject meta;
    private final String name;

    private static Path folder() {
        String other = System.getProperty("diffsvc.golden", "");
        return Path.of(other.isEmpty() ? "src/test/resources/golden" : other).toAbsolutePath();
    }

    public Golden(String npz) {
        this(FOLDER, MANIFEST, npz);
    }

    /** One of another set, {@link #VOICES}, with that set's manifest. */
    public Golden(Path folder, String npz) {
        this(folder, manifest(folder), npz);
    }

    private Golden(Path folder, JsonObject manifest, String npz) {
        name = npz;
        meta = manifest.getAsJsonObject("files").getAsJsonObject(npz).getAsJsonObject("arrays");
        try (InputStream in = Files.newInputStream(folder.resolve(npz))) {
            for (NDArray a : NDList.decode(manager, in)) {
                arrays.put(a.getName(), a);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The checkpoint of a folder, whatever its steps; the simplified one has a method of its own. */
    public static Path ckpt(String folder) {
        return ckpt(folder, "model_ckpt_steps_");
    }

    /** Attention heads of the whole conversion's encoder, which no tensor shows, as an override. */
    public static String heads() {
        return "hubert.heads="
                + stage("e2e").getAsJsonObject("hubert").get("heads").getAsInt();
    }

    /** Attention heads of an encoder's file, as its note in the manifest has them. */
    public static int heads(String file) {
        return Integer.parseInt(found(file(file).get("note").getAsString(), "'heads': (\\d+)"));
    }

    /** The front end that a stage of the manifest lists, {@code mel_44k} or {@code mel_24k}. */
    public static Hparams.Audio audio(String stage) {
        JsonObject h = stage(stage).getAsJsonObject("hparams");
        return new Hparams.Audio(
                h.get("sample_rate").getAsInt(),
                h.get("hop").getAsInt(),
                h.get("win").getAsInt(),
                h.get("n_fft").getAsInt(),
                h.get("n_mels").getAsInt(),
                h.get("fmin").getAsDouble(),
                h.get("fmax").getAsDouble(),
                -6,
                1.5);
    }

    /** An audio file of the set. */
    public static Path wav(String name) {
        return FOLDER.resolve("audio").resolve(name + ".wav");
    }

    public static Path cleanCkpt(String folder) {
        return ckpt(folder, "clean_model_ckpt_steps_");
    }

    private static Path ckpt(String folder, String start) {
        return ckpt(FOLDER.resolve(folder), start);
    }

    /** The steps in a checkpoint's name. */
    public static long steps(Path ckpt) {
        return Long.parseLong(found(ckpt.getFileName().toString(), "steps_(\\d+)\\."));
    }

    /** The checkpoint in a folder of any set. */
    public static Path ckpt(Path folder) {
        return ckpt(folder, "model_ckpt_steps_");
    }

    private static Path ckpt(Path folder, String start) {
        try (var list = Files.list(folder)) {
            return list.filter(p -> p.getFileName().toString().startsWith(start)
                            && p.toString().endsWith(".ckpt"))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonObject manifest(Path folder) {
        try {
            return JsonParser.parseString(Files.readString(folder.resolve("manifest.json")))
                    .getAsJsonObject();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public static JsonObject stage(String stage) {
        return MANIFEST.getAsJsonObject("stages").getAsJsonObject(stage);
    }

    public static JsonObject file(String file) {
        return MANIFEST.getAsJsonObject("files").getAsJsonObject(file);
    }

    /** What the manifest says of an array: shape, dtype, meaning, tol_max_abs. */
    public JsonObject meta(String array) {
        return meta.getAsJsonObject(array);
    }

    /** The names that the manifest lists. */
    public Set<String> listed() {
        return meta.keySet();
    }

    /** What the manifest says of an array, in the words that a pattern's first group takes. */
    public String meaning(String array, String pattern) {
        return found(meta(array).get("meaning").getAsString(), pattern);
    }

    private static String found(String text, String pattern) {
        Matcher m = Pattern.compile(pattern).matcher(text);
        if (!m.find()) {
            fail("the manifest says \"" + text + "\", without " + pattern);
        }
        return m.group(1);
    }

    /** Names that match as a whole, in the file's order; at least one, so that no loop over them compares nothing. */
    public List<MatchResult> matching(String pattern) {
        List<MatchResult> found = arrays.keySet().stream()
                .map(Pattern.compile(pattern)::matcher)
                .filter(Matcher::matches)
                .map(Matcher::toMatchResult)
                .toList();
        if (found.isEmpty()) {
            fail(name + " has no array like " + pattern + " among its " + arrays.size());
        }
        return found;
    }

    /** An input for a batch of another size: the first rows of a larger one, or one row for all. */
    public static NDArray rows(NDArray a, long batch) {
        long has = a.getShape().get(0);
        if (has < batch && has != 1) {
            fail("a batch of " + has + " where " + batch + " are needed");
        }
        return has == batch ? a : has > batch ? a.get(":" + batch) : a.repeat(0, batch);
    }

    public NDManager manager() {
        return manager;
    }

    public Iterable<String> names() {
        return arrays.keySet();
    }

    public boolean has(String array) {
        return arrays.containsKey(array);
    }

    public NDArray get(String array) {
        NDArray a = arrays.get(array);
        if (a == null) {
            fail(name + " has no array " + array);
        }
        return a;
    }

    public float[] floats(String array) {
        NDArray a = get(array);
        return a.getDataType() == DataType.FLOAT32
                ? a.toFloatArray()
                : a.toType(DataType.FLOAT32, true).toFloatArray();
    }

    public double[] doubles(String array) {
        return get(array).toType(DataType.FLOAT64, true).toDoubleArray();
    }

    public long[] longs(String array) {
        return get(array).toType(DataType.INT64, true).toLongArray();
    }

    /** The manifest's tolerance; "relative X" gives X times the largest magnitude. */
    public double tolerance(String array) {
        JsonElement tol = meta.getAsJsonObject(array).get("tol_max_abs");
        String text = tol.getAsString();
        return text.startsWith("relative")
                ? Double.parseDouble(text.substring(9))
                        * get(array).toType(DataType.FLOAT64, true).abs().max().getDouble()
                : Double.parseDouble(text);
    }

    public void same(String array, NDArray ours) {
        if (!ours.getShape().equals(get(array).getShape())) {
            fail(name + " " + array + ": shape " + ours.getShape() + " instead of "
                    + get(array).getShape());
        }
        same(array, ours.toType(DataType.FLOAT64, true).toDoubleArray());
    }

    public void same(String array, float[] ours) {
        double[] d = new double[ours.length];
        for (int i = 0; i < d.length; i++) {
            d[i] = ours[i];
        }
        same(array, d);
    }

    public void same(String array, double[] ours) {
        same(array, ours, tolerance(array));
    }

    public void same(String array, double[] ours, double tolerance) {
        double[] each = new double[ours.length];
        Arrays.fill(each, tolerance);
        same(array, ours, each);
    }

    /** A tolerance for each element; the relation must hold for every one, NaN nowhere. */
    public void same(String array, double[] ours, double[] tolerances) {
        double[] theirs = doubles(array);
        if (theirs.length != ours.length) {
            fail(name + " " + array + ": " + ours.length + " values instead of " + theirs.length);
        }
        double worst = Double.NEGATIVE_INFINITY;
        int at = -1;
        for (int i = 0; i < ours.length; i++) {
            double beyond = Math.abs(ours[i] - theirs[i]) - tolerances[i];
            if (!(beyond <= Math.max(0, worst))) {
                worst = beyond;
                at = i;
            }
        }
        if (at >= 0) {
            fail(String.format(
                    "%s %s: differs by %.3g at %d (ours %.7g, reference %.7g), tolerance %.3g",
                    name, array, Math.abs(ours[at] - theirs[at]), at, ours[at], theirs[at], tolerances[at]));
        }
    }

    public void sameIds(String array, long[] ours) {
        assertArrayEquals(longs(array), ours, name + " " + array);
    }

    @Override
    public void close() {
        manager.close();
    }
}
