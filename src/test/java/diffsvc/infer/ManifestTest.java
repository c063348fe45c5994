package diffsvc.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import diffsvc.check.Problem;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A manifest comes back as it was written, and one that somebody changed is refused by the name of the field. */
class ManifestTest {
    private static final String SHA = "0123456789abcdef".repeat(4);
    private static final Hparams HPARAMS =
            Arg2Hparams.apply(Hparams.defaults(), "project=tenor,infer.seed=9007199254740993,noise.k_step=100");

    @TempDir
    Path folder;

    private Path file;
    private JsonObject tree;

    private static Manifest manifest() {
        Map<String, Manifest.Hashed> models = new LinkedHashMap<>();
        models.put("encoder", new Manifest.Hashed("models/frozen/content 노래.pt", SHA));
        models.put("wavenet", new Manifest.Hashed("models/tenor/w.pt", SHA));
        return new Manifest(
                Manifest.FORMAT,
                "diffsvc 1",
                Map.of("java", "17"),
                "tenor",
                "",
                "",
                HparamsYaml.toMap(HPARAMS),
                -1.5,
                10.5,
                Map.of("f0", new Manifest.Hashed("s.f0.csv", SHA)),
                Map.of("f0", new Manifest.Hashed("out.f0.csv", SHA)),
                "built-in",
                models,
                new Manifest.Input("s.wav", SHA, 72000, 2, 48000, 1.5),
                new Manifest.Output("out.wav", SHA, 66150, 44100, "16", 0.98f, 12L),
                new Manifest.Slices(1, 1, 0.25, 0, 1.25, 30, 1200),
                new Manifest.Range(220, 200, 0.1, 40, List.of(0.5, 0.5), List.of(1.0, 0.0)),
                List.of(new Manifest.Stage("audio", "1.50 s", "[72000]", 1, 0.01, 1L << 40)),
                List.of(new Join(0.7, "silence", 0.001, 0.002, -60, -20)),
                List.of("a warning"));
    }

    @BeforeEach
    void write() throws Exception {
        file = manifest().write(folder.resolve("out.json"));
        tree = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    }

    private String said(String json) throws Exception {
        Files.writeString(file, json);
        return said(file);
    }

    private static String said(Path file) {
        String said = assertThrows(Problem.class, () -> Manifest.read(file)).getMessage();
        assertTrue(
                said.startsWith("manifest: " + file + ": need ")
                        && said.length() < 500 + file.toString().length()
                        && said.lines().count() == 1,
                said);
        return said;
    }

    @Test
    void itComesBackAsItWasWritten() throws Exception {
        Manifest back = Manifest.read(file);
        assertEquals(manifest().toString(), back.toString());
        assertEquals(HPARAMS, HparamsYaml.of(back.hparams(), file), "a seed beyond 53 bits too");
        tree.remove("exports");
        Files.writeString(file, tree.toString());
        assertEquals(Map.of(), Manifest.read(file).exports(), "older manifests have none");
        tree.addProperty("later", 1);
        Files.writeString(file, tree.toString());
        assertEquals(manifest().output(), Manifest.read(file).output(), "what later versions add is no harm");
    }

    /** Every place in the tree that a manifest must have, as "input.samples", and how to change it. */
    private static void places(
            JsonElement at, String name, List<String> names, List<BiFunction<String, JsonElement, Void>> changes) {
        if (at.isJsonObject() && !name.equals("hparams")) {
            JsonObject object = at.getAsJsonObject();
            for (String key : List.copyOf(object.keySet())) {
                String inner = name.isEmpty() ? key : name + "." + key;
                names.add(inner);
                changes.add((how, value) -> {
                    if (how.equals("remove")) {
                        object.remove(key);
                    } else {
                        object.add(key, value);
                    }
                    return null;
                });
                places(object.get(key), inner, names, changes);
            }
        } else if (at.isJsonArray()) {
            JsonArray array = at.getAsJsonArray();
            for (int i = 0; i < array.size(); i++) {
                places(array.get(i), name + "[" + i + "]", names, changes);
            }
        }
    }

    @Test
    void everyFieldIsNeededAndOfItsType() throws Exception {
        List<String> names = new ArrayList<>();
        places(tree, "", names, new ArrayList<>());
        int tried = 0;
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            for (JsonElement value : new JsonElement[] {
                null,
                JsonNull.INSTANCE,
                new JsonArray(),
                new JsonObject(),
                new JsonPrimitive("x"),
                new JsonPrimitive(true),
                new JsonPrimitive(-7.5),
                new JsonPrimitive(-1e300)
            }) {
                JsonObject copy = tree.deepCopy();
                List<BiFunction<String, JsonElement, Void>> changes = new ArrayList<>();
                places(copy, "", new ArrayList<>(), changes);
                JsonElement before = at(tree, name);
                changes.get(i).apply(value == null ? "remove" : "set", value);
                boolean role =
                        name.matches("(machine|given|exports|models)\\..*") && !name.matches(".*\\.(file|sha256)");
                if (value == null && (role || name.equals("exports") || name.equals("slices.batchFrames"))
                        || sameType(before, value, name)) {
                    continue;
                }
                String said = said(copy.toString());
                assertTrue(
                        said.contains(name) || said.contains("other JSON") && name.equals("input"),
                        name + " = " + value + ": " + said);
                tried++;
            }
        }
        assertTrue(tried > 300, "tried " + tried);
    }

    private static JsonElement at(JsonElement tree, String name) {
        for (String part : name.split("[.\\[]")) {
            tree = part.endsWith("]")
                    ? tree.getAsJsonArray().get(Integer.parseInt(part.replace("]", "")))
                    : tree.getAsJsonObject().get(part);
        }
        return tree;
    }

    /** What a field may as well be: another text, an empty list, a number that nothing bounds. */
    private static boolean sameType(JsonElement before, JsonElement value, String name) {
        if (value == null || value.isJsonNull()) {
            return false;
        }
        if (before.isJsonArray() || before.isJsonObject()) {
            return before.isJsonArray()
                    ? value.isJsonArray()
                    : value.isJsonObject() && name.matches("machine|given|exports|models|hparams");
        }
        boolean text = before.getAsJsonPrimitive().isString(),
                given = value.isJsonPrimitive() && value.getAsJsonPrimitive().isString();
        boolean number = before.getAsJsonPrimitive().isNumber()
                && value.isJsonPrimitive()
                && value.getAsJsonPrimitive().isNumber();
        return text && given && !name.endsWith("sha256")
                || number && name.matches("range\\..*|joins.*|key|asked") && value.getAsDouble() > -100
                || number && name.matches("range\\..*|joins.*");
    }

    @Test
    void numbersAndNamesHaveBounds() throws Exception {
        for (String[] bad : new String[][] {
            {"asked", "49"},
            {"asked", "1e9"},
            {"key", "-241"},
            {"input.samples", "-1"},
            {"input.samples", "2147483648"},
            {"input.samples", "1.5"},
            {"input.channels", "0"},
            {"input.sampleRateHz", "0"},
            {"input.seconds", "-1"},
            {"output.samples", "-1"},
            {"output.scale", "1.5"},
            {"output.scale", "-1"},
            {"output.scale", "1e60"},
            {"output.beyondFullScale", "-1"},
            {"slices.mostSeconds", "0"},
            {"slices.mostSeconds", "-3"},
            {"slices.mostSeconds", "1e-9"},
            {"slices.cuts", "-1"},
            {"slices.batchFrames", "-1"},
            {"slices.silentSeconds", "-1"},
            {"input.sha256", "\"" + SHA + "0\""},
            {"input.sha256", "\"" + SHA.replace('a', 'g') + "\""},
            {"input.file", "\"\""},
            {"output.file", "\"/\""},
            {"output.file", "\"a\\u0000b\""},
            {"project", "\"../../evil\""},
            {"project", "\"\""},
            {"hparams", "null"},
            {"hparams", "[]"},
            {"hparams", "{\"audio\": null}"},
            {"models", "{\"encoder\": null}"},
            {"models", "{\"encoder\": {\"file\": \"a\"}}"},
            {"given", "{\"f0\": {\"file\": \"\", \"sha256\": \"" + SHA + "\"}}"},
            {"warnings", "[null]"},
            {"warnings", "[1]"},
            {"stages", "[{}]"},
            {"joins", "[[]]"},
            {"range.song", "[\"x\"]"}
        }) {
            JsonObject copy = tree.deepCopy();
            int dot = bad[0].indexOf('.');
            JsonObject in = dot < 0 ? copy : copy.getAsJsonObject(bad[0].substring(0, dot));
            in.add(bad[0].substring(dot + 1), JsonParser.parseString(bad[1]));
            String said = said(copy.toString());
            assertTrue(said.contains(bad[0]), bad[0] + " " + bad[1] + ": " + said);
        }
        JsonObject hparams = tree.deepCopy();
        hparams.getAsJsonObject("hparams").getAsJsonObject("audio").addProperty("hop_samples", 0);
        Files.writeString(file, hparams.toString());
        assertEquals(
                "hparams: " + file + ": need audio.hop_samples from 1 to 65536, got 0; correct audio.hop_samples",
                assertThrows(
                                Problem.class,
                                () -> HparamsYaml.of(Manifest.read(file).hparams(), file))
                        .getMessage());
    }

    @Test
    void aManifestOfTheFormatBeforeOpens() throws Exception {
        String older = tree.toString().replace("\"joins\"", "\"seams\"").replace("\"format\":2", "\"format\":1");
        assertTrue(older.contains("\"seams\"") && older.contains("\"format\":1"), older);
        Files.writeString(file, older);
        assertEquals(manifest().joins(), Manifest.read(file).joins());
        assertEquals(manifest().output(), Manifest.read(file).output());
    }

    /** Before there was a choice, everything was float32. */
    @Test
    void aManifestWithoutAPrecisionIsOfFloat32() throws Exception {
        JsonObject before = tree.deepCopy();
        JsonObject infer = before.getAsJsonObject("hparams").getAsJsonObject("infer");
        assertEquals("auto", infer.remove("precision").getAsString());
        Files.writeString(file, before.toString());
        assertEquals(
                "float32",
                HparamsYaml.of(Manifest.read(file).hparams(), file).infer().precision());
    }

    /** Before there were batches, the denoiser took one slice after the other. */
    @Test
    void aManifestWithoutABatchIsOfSlicesOneByOne() throws Exception {
        assertEquals(1200, Manifest.read(file).slices().batchFrames());
        assertEquals(1200, tree.getAsJsonObject("slices").remove("batchFrames").getAsInt());
        Files.writeString(file, tree.toString());
        assertEquals(0, Manifest.read(file).slices().batchFrames());
    }

    @Test
    void whatIsNoManifestIsSaid() throws Exception {
        assertTrue(said("").contains("other JSON"));
        assertTrue(said("[1]").contains("other JSON"));
        assertTrue(said("{\"format\": 1").contains("ends too soon"));
        assertTrue(said(tree + "{}").contains("something else"));
        assertTrue(said("{'format': 1}").contains("something else"));
        assertTrue(said("{\"format\": NaN, \"input\": 1}").contains("something else"));
        assertTrue(said("{\"format\": 1e999, \"input\": 1}").contains("finite"));
        assertTrue(said("{\"format\": 1, \"format\": 1}").contains("\"format\" twice"));
        assertTrue(said("{\"format\": \"1\", \"input\": {}}").contains("need format 2"));
        assertTrue(said("{\"format\": null, \"input\": {}}").contains("got nothing"));
        assertTrue(said("{\"a\":".repeat(100_000)).contains("levels"));
        assertTrue(said("{\"a\":" + "[".repeat(1_000_000)).contains("levels"));
        assertTrue(said("{\"a\":[" + "1,".repeat(1_000_000) + "1]}").contains("values"));
        assertTrue(said("{\"a\":" + "9".repeat(900) + "}").contains("finite"));
        assertTrue(said("{\"a\":" + "9".repeat(1_000_000) + "}").contains("something else"));
        assertTrue(said("{\"" + "k".repeat(1_000_000) + "\":1, \"format\": 7, \"input\": 1}")
                .contains("7"));
        Files.write(file, "{\"format\": \"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(said(file).contains("UTF-8"));
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            large.setLength(1L << 30);
        }
        assertTrue(said(file).contains("16 MiB"));
        assertTrue(said(folder).contains("a folder"));
        assertTrue(said(folder.resolve("none.json")).contains("nothing at that path"));
    }

    @Test
    void whatACallerLeavesOutIsEmpty() {
        Manifest m = new Manifest(
                1, null, null, null, null, null, null, 0, 0, null, null, null, null, null, null, null, null, null, null,
                null);
        assertEquals(
                "" + Map.of() + Map.of() + List.of() + "",
                m.program() + m.given() + m.exports() + m.joins() + m.input().file());
        assertEquals(0, m.table().rowCount());
        assertEquals("", new Manifest.Hashed(null, null).sha256());
    }
}
