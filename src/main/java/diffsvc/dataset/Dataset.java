package diffsvc.dataset;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An open dataset. The values of its clips stay in their shards until a batch reads them.
 *
 * @param training at least one clip, augmented ones included
 * @param validation clips of recordings that training never sees
 * @param test clips of further recordings, for a last comparison
 */
public record Dataset(List<Clip> training, List<Clip> validation, List<Clip> test) {
    private static final String STAGE = "dataset", REMEDY = "make it with ./diffsvc preprocess FOLDER --project NAME";
    private static final List<String> PARTS = List.of("train", "valid", "test");

    /** Requires a training clip, and clips of one front end and one encoder. */
    public Dataset {
        if (training.isEmpty()) {
            throw Problem.in(STAGE, "a clip to train on", "none", REMEDY);
        }
        for (Clip c : training) {
            if (c.melBins() != training.get(0).melBins()
                    || c.unitWidth() != training.get(0).unitWidth()) {
                throw Problem.in(
                        STAGE,
                        "clips of one front end and one encoder",
                        c.name() + " has " + c.melBins() + " bins and units " + c.unitWidth() + " wide, "
                                + training.get(0).name() + " " + training.get(0).melBins() + " and "
                                + training.get(0).unitWidth(),
                        REMEDY);
            }
        }
    }

    /** A dataset without validation and test. */
    public static Dataset of(List<Clip> clips) {
        return new Dataset(clips, List.of(), List.of());
    }

    /**
     * Opens a folder that {@link Preprocessing} wrote; every shard is verified against its checksum.
     *
     * @throws Problem naming a shard that is damaged or of an older format, and its recording
     */
    public static Dataset open(Path folder) {
        Path file = folder.resolve("index.json");
        if (!Files.isRegularFile(file)) {
            throw Problem.in(
                    STAGE,
                    file,
                    "a dataset's index",
                    Files.isDirectory(folder.resolve("shards")) ? "a dataset that was not finished" : Input.kind(file),
                    REMEDY);
        }
        DatasetFolder.Index index;
        try {
            index = new Gson().fromJson(Files.readString(file), DatasetFolder.Index.class);
        } catch (IOException | JsonParseException e) {
            throw Problem.in(
                    STAGE,
                    file,
                    "a dataset's index",
                    e instanceof IOException io ? WholeFile.reason(io) : "other JSON, or none",
                    REMEDY);
        }
        if (index == null
                || index.recordings() == null
                || index.recordings().stream()
                        .anyMatch(e -> e == null
                                || e.key() == null
                                || !e.key().matches("[0-9a-f]{64}")
                                || e.recording() == null
                                || e.part() == null
                                || !PARTS.contains(e.part()))) {
            throw Problem.in(STAGE, file, "a dataset's index", "another file", REMEDY);
        }
        Map<String, List<Clip>> parts =
                Map.of("train", new ArrayList<>(), "valid", new ArrayList<>(), "test", new ArrayList<>());
        for (DatasetFolder.Entry e : index.recordings()) {
            Shard shard = Shard.read(DatasetFolder.shard(folder, e.key()), e.key(), e.recording());
            for (int i = 0; i < shard.clips().size(); i++) {
                if (e.part().equals("train") || !shard.augmented().get(i)) {
                    parts.get(e.part()).add(shard.clips().get(i));
                }
            }
        }
        return new Dataset(parts.get("train"), parts.get("valid"), parts.get("test"));
    }

    /** Mel bins M of every clip. */
    public int melBins() {
        return training.get(0).melBins();
    }

    /** Width H of every clip's units. */
    public int unitWidth() {
        return training.get(0).unitWidth();
    }

    /** Mel frames of all training clips together. */
    public long frames() {
        return training.stream().mapToLong(Clip::frames).sum();
    }

    /** Mel frames of the longest training clip. */
    public int longest() {
        return training.stream().mapToInt(Clip::frames).max().orElse(0);
    }
}
