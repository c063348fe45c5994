package diffsvc.audio;

import diffsvc.check.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jflac.FLACDecoder;
import org.jflac.PCMProcessor;
import org.jflac.metadata.StreamInfo;
import org.jflac.util.ByteData;

/**
 * A recording, whatever wraps it: WAV by {@link WavReader}, FLAC by jflac-codec, everything else (Ogg, MP3, M4A ...) by the machine's ffmpeg program where
 * there is one. ffmpeg runs as a process of its own: its native decoders never meet an untrusted file inside this one.
 */
public final class AudioFile {
    /** Endings that are taken for recordings when a folder is walked. */
    public static final List<String> ENDINGS = List.of(".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a", ".aac", ".aiff", ".aif", ".wma");
    private static final long LONGEST_MINUTES = 10;

    private AudioFile() {}

    /** Whether a name ends like a recording's. */
    public static boolean isOne(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return ENDINGS.stream().anyMatch(name::endsWith) && !name.startsWith(".");
    }

    /**
     * Reads a file by its first bytes, not by its name.
     *
     * @throws Problem when it is missing, cut, of a kind nothing here decodes, or when decoding fails
     */
    public static Wave read(Path file) {
        byte[] start = new byte[4];
        if (Files.isRegularFile(file)) {
            try (InputStream in = Files.newInputStream(file)) {
                start = in.readNBytes(4);
            } catch (IOException e) {
                throw Problem.in("audio", file, "a readable file", e.getClass().getSimpleName(), "check its permissions");
            }
        }
        String magic = new String(start, java.nio.charset.StandardCharsets.ISO_8859_1);
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (magic.equals("fLaC")) {
            return flac(file);
        }
        return magic.equals("RIFF") || magic.equals("RF64") || name.endsWith(".wav") || !isOne(file) ? WavReader.read(file) : ffmpeg(file);
    }

    private static Wave flac(Path file) {
        class Collect implements PCMProcessor {
            private StreamInfo info;
            private float[][] channels;
            private int at;

            @Override public void processStreamInfo(StreamInfo said) {
                info = said;
                channels = new float[said.getChannels()][(int) Math.min(said.getTotalSamples(), 1 << 24)];
            }

            @Override public void processPCM(ByteData pcm) {
                int bytes = info.getBitsPerSample() / 8, frames = pcm.getLen() / (bytes * channels.length);
                if (at + frames > channels[0].length) {
                    for (int c = 0; c < channels.length; c++) {
                        channels[c] = java.util.Arrays.copyOf(channels[c], Math.max(at + frames, channels[c].length * 2));
                    }
                }
                byte[] data = pcm.getData();
                float scale = 1f / (1L << info.getBitsPerSample() - 1);
                for (int i = 0, p = 0; i < frames; i++, at++) {
                    for (float[] channel : channels) {
                        int v = 0;
                        for (int b = 0; b < bytes; b++, p++) {
                            v |= (b == bytes - 1 ? data[p] : data[p] & 255) << 8 * b;
                        }
                        channel[at] = (bytes == 1 ? (v & 255) - 128 : v) * scale;      // the decoder gives 8 bits unsigned
                    }
                }
            }
        }
        Collect sound = new Collect();
        try (InputStream in = Files.newInputStream(file)) {
            FLACDecoder decoder = new FLACDecoder(in);
            decoder.addPCMProcessor(sound);
            decoder.decode();
        } catch (IOException | RuntimeException e) {
            throw Problem.in("audio", file, "a FLAC file that decodes", e.getClass().getSimpleName() + " after " + sound.at + " samples", "copy or export it again");
        }
        if (sound.info == null || sound.at == 0 || sound.info.getTotalSamples() > 0 && sound.at < sound.info.getTotalSamples()) {
            throw Problem.in("audio", file, sound.info == null ? "a FLAC file" : sound.info.getTotalSamples() + " samples", sound.at + " (the file is cut)",
                    "copy or export it again");
        }
        float[][] channels = java.util.Arrays.stream(sound.channels).map(c -> java.util.Arrays.copyOf(c, sound.at)).toArray(float[][]::new);
        return new Wave(channels, sound.info.getSampleRate());
    }

    private static Wave ffmpeg(Path file) {
        Path wav = null;
        try {
            wav = Files.createTempFile("diffsvc", ".wav");
            Process p = new ProcessBuilder("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", "file:" + file.toAbsolutePath(), "-vn", "-c:a", "pcm_f32le", wav.toString())
                    .redirectErrorStream(true).start();
            String said = new String(p.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (!p.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES) || p.exitValue() != 0) {
                p.destroyForcibly();
                throw Problem.in("audio", file, "a file that ffmpeg decodes", said.lines().findFirst().orElse("no answer"), "convert it to WAV or FLAC");
            }
            return WavReader.read(wav);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Problem.in("audio", file, "time to decode", "an interruption", "try again");
        } catch (IOException e) {
            throw Problem.in("audio", file, "WAV or FLAC, or the ffmpeg program for other kinds", "no ffmpeg on the path", "install ffmpeg, or convert the file");
        } finally {
            if (wav != null) {
                try {
                    Files.deleteIfExists(wav);
                } catch (IOException e) {
                    wav.toFile().deleteOnExit();
                }
            }
        }
    }
}
