package diffsvc.infer;

import diffsvc.audio.Wave;
import diffsvc.conds.CondsCache;
import diffsvc.conds.F0Table;
import diffsvc.conds.F0Track;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.hparams.Hparams;
import diffsvc.progress.Progress;
import diffsvc.voice.Voice;
import java.util.ArrayList;
import java.util.List;

/**
 * F0 of a whole song, slice by slice. All of it comes before the first slice is converted, because an automatic key
 * follows from the whole song.
 *
 * @param tracks F0 of each slice on the mel's frames; null for a silent one
 * @param peak largest magnitude of the sounding slices
 */
record SongF0(List<F0Track> tracks, float peak) {
    /**
     * Finds the F0 of a song.
     *
     * @param table in place of the pitch extractor, or null
     * @param settings of everything that the F0 depends on beside the wave: the cache's key
     */
    static SongF0 of(
            Voice voice,
            SliceJoiner joiner,
            F0Table table,
            CondsCache cache,
            String settings,
            StageTimer timer,
            Progress progress) {
        List<F0Track> tracks = new ArrayList<>();
        float peak = 0;
        Hparams h = voice.hparams();
        FrontEnd front = FrontEnd.of(h);
        double hopSeconds = h.audio().hopSeconds();
        for (int i = 0; i < joiner.slices().size(); i++) {
            Slice slice = joiner.slices().get(i);
            progress.at("pitch", slice.start(), joiner.song().samples());
            if (slice.silent()) {
                tracks.add(null);
                continue;
            }
            long began = System.nanoTime();
            Wave wave = joiner.source(i);
            peak = Math.max(peak, wave.peak());
            F0Track f0;
            if (wave.isSilent()) {
                int frames = front.frames(front.signal(wave).length);
                f0 = new F0Track(new float[frames], new boolean[frames], hopSeconds);
            } else if (table != null) {
                f0 = voice.f0(wave, table, slice.from() / (double) joiner.song().sampleRateHz());
            } else {
                f0 = cache.f0(voice.manager(), wave, settings, () -> voice.f0(wave));
            }
            tracks.add(f0);
            timer.ended(new Progress.Stage(
                    "pitch",
                    table == null ? "F0 by " + h.pitch().extractor() : "F0 given",
                    "[" + f0.frames() + "]",
                    (System.nanoTime() - began) / 1e9));
        }
        return new SongF0(tracks, peak);
    }

    /** Frames of each slice; 0 for a silent one. */
    int[] frames() {
        return tracks.stream().mapToInt(t -> t == null ? 0 : t.frames()).toArray();
    }

    /** All slices as one table, each frame at its time in the song. */
    F0Table table(SliceJoiner joiner) {
        List<F0Table> tables = new ArrayList<>();
        double rate = joiner.song().sampleRateHz();
        for (int i = 0; i < tracks.size(); i++) {
            Slice slice = joiner.slices().get(i);
            if (tracks.get(i) != null) {
                tables.add(F0Table.of(tracks.get(i), slice.from() / rate).before(slice.to() / rate));
            }
        }
        return F0Table.joined(tables);
    }
}
