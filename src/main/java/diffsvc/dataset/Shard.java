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
 * The clips of one recording in one safetensors file: {@code 0/mel}, {@code 0/f0_hz}, {@code 0/units/0} ..., and in its metadata the key it was made under and
 * the clips' reports without the recording's name (it may get another), so that a dataset that was interrupted goes on with the recordings that are missing.
 *
 * @param reports one a clip, then those of skipped stretches
 * @param augmented which clips were made from others: training alone uses them
 */
record Shard(List<Clip> clips, List<ClipReport> reports, List<Boolean> augmented) {
    private static final Gson GSON = new Gson();

    private record Said(List<ClipReport> reports, List<Boolean> augmented) {}

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
        Safetensors.write(file, tensors, Map.of("format", "diffsvc-clips-1", "key", key, "said",
                GSON.toJson(new Said(reports.stream().map(r -> r.of("")).toList(), augmented))));
    }

    /** The shard under a key, or null where there is none that is whole. */
    static Shard readIfWhole(Path file, String key, String recording) {
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            return read(file, key, recording);
        } catch (Problem e) {
            return null;                                               // made again
        }
    }

    static Shard read(Path file, String key, String recording) {
        Safetensors.Content content = Safetensors.openUnmapped(file);
        if (!key.equals(content.metadata().get("key"))) {
            throw Problem.in("dataset", file, "the clips made under " + key, String.valueOf(content.metadata().get("key")), "run ./diffsvc preprocess again");
        }
        Said said = GSON.fromJson(content.metadata().get("said"), Said.class);
        List<ClipReport> reports = said.reports().stream().map(r -> r.of(recording)).toList();
        List<Clip> clips = new ArrayList<>();
        for (int i = 0; i < said.augmented().size(); i++) {
            List<TorchTensor> units = new ArrayList<>();
            for (int r = 0; content.tensors().containsKey(i + "/units/" + r); r++) {
                units.add(content.tensors().get(i + "/units/" + r));
            }
            TorchTensor mel = content.tensors().get(i + "/mel"), f0 = content.tensors().get(i + "/f0_hz");
            if (mel == null || f0 == null || units.isEmpty() || mel.shape().length != 2 || f0.size() != mel.shape()[0]) {
                throw Problem.in("dataset", file, "mel, units and F0 of clip " + i, "not all of them", "run ./diffsvc preprocess again");
            }
            clips.add(new Clip(reports.get(i).clip(), recording, mel, units, f0));
        }
        return new Shard(clips, reports, said.augmented());
    }
}
