package diffsvc.dataset;

import com.google.gson.Gson;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Safetensors;
import diffsvc.checkpoint.TorchTensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The clips of one recording in one sealed safetensors file: {@code 0/mel}, {@code 0/f0_hz}, {@code 0/units/0} ..., and
 * in its metadata the key it was made under and the clips' reports without the recording's name (the file may be
 * renamed), so that an interrupted run continues with the recordings that are missing. The seal covers every byte, and
 * reading verifies it.
 *
 * @param reports one for each clip, then those of skipped stretches
 * @param augmented which clips were made from others: training alone uses them
 * @param notes remarks of the decoder on the recording
 */
record Shard(List<Clip> clips, List<ClipReport> reports, List<Boolean> augmented, List<String> notes) {
    private static final String FORMAT = "diffsvc-clips-2", OLDER = "diffsvc-clips-1";
    private static final Gson GSON = new Gson();

    /** The metadata; {@code notes} is null where there are none, so that the file is the same as before it had them. */
    private record Metadata(List<ClipReport> reports, List<Boolean> augmented, List<String> notes) {}

    /** What lies under a shard's name. */
    enum State {
        MISSING,
        WHOLE,
        DAMAGED,
        OLDER
    }

    /** What lies under the name; the shard is null unless it is whole. */
    record Found(State state, Shard shard) {}

    void write(Path file, String key) {
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < clips.size(); i++) {
            Clip c = clips.get(i);
            tensors.put(i + "/mel", c.mel());
            tensors.put(i + "/f0_hz", c.f0Hz());
            for (int r = 0; r < c.units().size(); r++) {
                tensors.put(i + "/units/" + r, c.units().get(r));
            }
        }
        // in this order: the same clips give the same file
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", FORMAT);
        metadata.put("key", key);
        metadata.put(
                "said",
                GSON.toJson(new Metadata(
                        reports.stream().map(r -> r.of("")).toList(), augmented, notes.isEmpty() ? null : notes)));
        Safetensors.writeSealed(file, tensors, metadata);
    }

    /** The shard under a key, or why there is none: then the recording is analysed again. */
    static Found find(Path file, String key, String recording) {
        if (!Files.exists(file)) {
            return new Found(State.MISSING, null);
        }
        try {
            return new Found(State.WHOLE, read(file, key, recording));
        } catch (Problem e) {
            return new Found(isOlder(file) ? State.OLDER : State.DAMAGED, null);
        }
    }

    private static boolean isOlder(Path file) {
        try {
            return OLDER.equals(Safetensors.openUnmapped(file).metadata().get("format"));
        } catch (Problem e) {
            return false;
        }
    }

    static Shard read(Path file, String key, String recording) {
        Safetensors.Content content;
        try {
            content = Safetensors.openSealed(file);
        } catch (Problem e) {
            String got = !Files.exists(file)
                    ? "nothing at that path"
                    : isOlder(file)
                            ? "one of the older format " + OLDER + ", without a checksum"
                            : "damage: "
                                    + e.getMessage()
                                            .replace("checkpoint: " + file + ": ", "")
                                            .replaceFirst("; copy or download the file again$", "");
            throw unfit(file, recording, "a whole shard", got);
        }
        if (!FORMAT.equals(content.metadata().get("format"))
                || !key.equals(content.metadata().get("key"))) {
            throw unfit(
                    file,
                    recording,
                    "the clips made under " + key,
                    content.metadata().get("format") + " made under "
                            + content.metadata().get("key"));
        }
        Metadata metadata = GSON.fromJson(content.metadata().get("said"), Metadata.class);
        List<ClipReport> reports =
                metadata.reports().stream().map(r -> r.of(recording)).toList();
        List<Clip> clips = new ArrayList<>();
        for (int i = 0; i < metadata.augmented().size(); i++) {
            List<TorchTensor> units = new ArrayList<>();
            for (int r = 0; content.tensors().containsKey(i + "/units/" + r); r++) {
                units.add(content.tensors().get(i + "/units/" + r));
            }
            TorchTensor mel = content.tensors().get(i + "/mel"),
                    f0 = content.tensors().get(i + "/f0_hz");
            if (mel == null
                    || f0 == null
                    || units.isEmpty()
                    || mel.shape().length != 2
                    || f0.size() != mel.shape()[0]) {
                throw unfit(file, recording, "mel, units and F0 of clip " + i, "not all of them");
            }
            clips.add(new Clip(reports.get(i).clip(), recording, mel, units, f0));
        }
        return new Shard(clips, reports, metadata.augmented(), metadata.notes() == null ? List.of() : metadata.notes());
    }

    private static Problem unfit(Path file, String recording, String need, String got) {
        return Problem.in(
                "dataset",
                file,
                need + " of " + recording,
                got,
                "run ./diffsvc preprocess with the same folder and project again: it makes this shard again");
    }
}
