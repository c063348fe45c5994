package diffsvc.audio;

import static org.bytedeco.ffmpeg.global.avcodec.*;
import static org.bytedeco.ffmpeg.global.avformat.*;
import static org.bytedeco.ffmpeg.global.avutil.*;
import static org.bytedeco.ffmpeg.global.swresample.*;

import diffsvc.files.WholeFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVChannelLayout;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.swresample.SwrContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * The process that holds FFmpeg: {@code decode IN OUT.wav} makes any recording a WAV of 32-bit floats, {@code flac
 * IN.wav OUT.flac} packs PCM without loss. The process prints lines of a word, a colon and a text, and exits with a
 * code:
 *
 * <ul>
 *   <li>0: done; one {@code note:} line for each remark on the recording
 *   <li>2: the input is refused; the lines {@code need:}, {@code got:} and {@code remedy:} say why
 *   <li>3: the output cannot be written; {@code got:} is the reason
 * </ul>
 *
 * <p>Nothing else of the workbench runs here. The class is long because all that touches FFmpeg stands in it: no other
 * class loads its native libraries.
 */
public final class Transcoder {
    static final int DONE = 0, REFUSED = 2, UNWRITTEN = 3;
    /** Containers that hold music; the others (playlists, scripts that name further files) are not opened. */
    private static final String CONTAINERS =
            "wav,w64,aiff,flac,ogg,mp3,mov,mp4,m4a,3gp,3g2,mj2,aac,asf,caf,matroska,webm,au,ape,wv,tta,amr";

    private static final int OGG_PAGE = 1 << 17, MAGIC = 12, MP3_ENDS = 3;
    private static final long MOST_SAMPLES = Integer.MAX_VALUE - 8, MOST_BYTES = 1L << 29;
    private static final double LARGEST_GAP_SECONDS = 0.1, SHARE_OF_DECLARED = 0.98;
    private static final String AGAIN = "export the song again";

    private Transcoder() {}

    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        private final String need;
        private final String remedy;

        Refused(String need, String got, String remedy) {
            super(got, null, false, false);
            this.need = need;
            this.remedy = remedy;
        }

        Refused(String got) {
            this("a recording that decodes", got, "copy or export it again, or convert it to WAV");
        }
    }

    /** Runs one command; the class comment lists them. */
    public static void main(String[] args) {
        int code = DONE;
        try {
            av_log_set_level(AV_LOG_QUIET);
            av_max_alloc(MOST_BYTES); // a header that asks for more lies
            if (args[0].equals("decode")) {
                decode(Path.of(args[1]), Path.of(args[2]));
            } else {
                flac(Path.of(args[1]), Path.of(args[2]));
            }
        } catch (Refused e) {
            code = refused(e);
        } catch (IOException e) {
            say("got", WholeFile.reason(e));
            code = UNWRITTEN;
        } catch (LinkageError e) {
            code = refused(new Refused(
                    "FFmpeg's libraries",
                    e.toString(),
                    "see that the home folder or the temporary folder has room, where they are unpacked once"));
        } catch (OutOfMemoryError e) {
            code = refused(new Refused(
                    "a recording that decodes within 512 MiB of memory", "one that takes more", "convert it to WAV"));
        } catch (RuntimeException e) {
            code = refused(new Refused("a decoder that ended with " + e));
        }
        System.exit(code);
    }

    private static int refused(Refused e) {
        say("need", e.need);
        say("got", e.getMessage());
        say("remedy", e.remedy);
        return REFUSED;
    }

    private static void say(String word, String text) {
        System.out.println(word + ": " + text.replaceAll("\\s+", " "));
    }

    /** What reads one audio stream of a file, packet by packet. */
    private static final class Input implements AutoCloseable {
        final AVFormatContext format = new AVFormatContext(null);
        final AVCodecContext codec;
        final AVStream stream;
        final AVPacket packet = av_packet_alloc();
        final AVFrame frame = av_frame_alloc();
        int damaged;
        double damagedAt;
        /**
         * Byte from which damage no longer counts: what lies behind the last whole frame of an MPEG file was appended.
         */
        long soundEnd = Long.MAX_VALUE;

        private boolean ended;
        private long packetAt = -1;

        Input(Path file) throws Refused {
            AVDictionary options = new AVDictionary(null);
            av_dict_set(options, "format_whitelist", CONTAINERS, 0);
            av_dict_set(options, "protocol_whitelist", "file", 0);
            if (avformat_open_input(format, "file:" + file.toAbsolutePath(), null, options) < 0) {
                throw unopened(file, "no format that is known");
            }
            if (avformat_find_stream_info(format, (PointerPointer<?>) null) < 0) {
                throw unopened(file, "no stream that can be read");
            }
            int index = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, (AVCodec) null, 0);
            if (index < 0) {
                throw unopened(file, "no sound in it");
            }
            stream = format.streams(index);
            AVCodec decoder = avcodec_find_decoder(stream.codecpar().codec_id());
            if (decoder == null) {
                throw unopened(file, "a coding that is not known");
            }
            codec = avcodec_alloc_context3(decoder);
            avcodec_parameters_to_context(codec, stream.codecpar());
            codec.pkt_timebase(stream.time_base());
            if (codec.codec_id() == AV_CODEC_ID_FLAC) {
                codec.err_recognition(AV_EF_CRCCHECK | AV_EF_EXPLODE); // every block has a checksum, which is compared
            }
            if (avcodec_open2(codec, decoder, (AVDictionary) null) < 0) {
                throw unopened(file, "a coding that does not open");
            }
        }

        /** The name of the container, for instance "mp3" or "wav". */
        String container() {
            return format.iformat().name().getString();
        }

        /** Whether the container counts samples, not time that is rounded. */
        boolean countsSamples() {
            return (container().equals("aiff") || container().equals("au"))
                    && codec.codec().name().getString().startsWith("pcm_");
        }

        /** Whether the header gives the duration, so that it is no estimate from the bit rate. */
        boolean declaresLength() {
            return stream.duration() > 0 && format.duration_estimation_method() != AVFMT_DURATION_FROM_BITRATE;
        }

        /** How many tracks of sound the file has. */
        int tracks() {
            int tracks = 0;
            for (int i = 0; i < format.nb_streams(); i++) {
                tracks += format.streams(i).codecpar().codec_type() == AVMEDIA_TYPE_AUDIO ? 1 : 0;
            }
            return tracks;
        }

        /**
         * The next decoded frame, or null at the end. Damaged packets are counted; what lies before an MP3's first
         * whole frame is no damage.
         */
        AVFrame next() {
            while (true) {
                int got = avcodec_receive_frame(codec, frame);
                if (got >= 0) {
                    return frame;
                }
                if (got == AVERROR_EOF || got == AVERROR_EAGAIN() && ended) {
                    return null;
                }
                if (got != AVERROR_EAGAIN()) {
                    damage();
                    if (ended) {
                        return null;
                    }
                }
                int read = av_read_frame(format, packet);
                packetAt = read < 0 ? packetAt : packet.pos();
                if (read < 0) {
                    ended = true;
                    if (read != AVERROR_EOF) {
                        damage();
                    }
                    avcodec_send_packet(codec, null);
                    continue;
                }
                if (packet.stream_index() == stream.index() && avcodec_send_packet(codec, packet) < 0) {
                    damage();
                }
                av_packet_unref(packet);
            }
        }

        private void damage() {
            if (codec.frame_num() == 0 && codec.codec_id() == AV_CODEC_ID_MP3 || packetAt >= soundEnd) {
                return;
            }
            if (damaged++ == 0) {
                damagedAt = packet.pts() == AV_NOPTS_VALUE ? 0 : packet.pts() * av_q2d(stream.time_base());
            }
        }

        @Override
        public void close() {
            av_frame_free(frame);
            av_packet_free(packet);
            avcodec_free_context(codec);
            avformat_close_input(format);
        }
    }

    private static Refused unopened(Path file, String why) {
        boolean wav = file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".wav");
        String got = why;
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            byte[] start = new byte[(int) Math.min(in.length(), MAGIC)];
            in.readFully(start);
            String text = new String(start, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", ".");
            got = "a file that begins with \"" + text + "\" (" + why + ")";
        } catch (IOException e) {
            // the reason alone must do
        }
        return new Refused(
                wav ? "a WAV file (RIFF....WAVE) or another recording that decodes" : "a recording that decodes",
                got,
                "check that it is a recording, or " + AGAIN);
    }

    private static void decode(Path file, Path wav) throws Refused, IOException {
        try (Input in = new Input(file);
                FloatWav out = new FloatWav(wav)) {
            boolean mp3 = in.container().equals("mp3"), aac = in.container().equals("aac");
            if (mp3 || aac) {
                MpegFrames frames = frames(file, aac);
                if (frames.isCut()) {
                    throw new Refused("a last frame of which " + frames.there() + " of " + frames.length()
                            + " bytes are there (the file is cut)");
                }
                in.soundEnd = frames.end() < 0 ? in.soundEnd : frames.end();
            }
            // in bytes, which have been compared
            boolean counted = in.container().equals("wav") || isWhole(file, in.container());
            for (AVFrame frame = in.next(); frame != null; frame = in.next()) {
                out.append(frame, in.stream.time_base());
            }
            requireWhole(file, in, out, mp3);
            if (!in.declaresLength() && !counted) {
                say(
                        "note",
                        String.format(
                                Locale.ROOT,
                                "%s does not say how long it is: %.2f s were decoded",
                                mp3 ? "an MP3 without a Xing header" : "the file",
                                out.seconds()));
            }
            if (in.tracks() > 1) {
                say(
                        "note",
                        String.format(
                                Locale.ROOT,
                                "the file has %d tracks of sound: stream %d is read",
                                in.tracks(),
                                in.stream.index() + 1));
            }
        }
    }

    /** Refuses a recording that decoded to nothing, with damaged blocks, or to less than its header declares. */
    private static void requireWhole(Path file, Input in, FloatWav out, boolean mp3) throws Refused {
        if (out.isEmpty()) {
            throw new Refused("no sound that decodes");
        }
        if (in.damaged > 0) {
            String what = in.damaged == 1 ? "a damaged block at" : in.damaged + " damaged blocks, the first at";
            throw new Refused(String.format(Locale.ROOT, "%s %.2f s", what, in.damagedAt));
        }
        boolean exact = in.codec.codec_id() == AV_CODEC_ID_FLAC || in.countsSamples();
        double seconds = in.declaresLength() ? in.stream.duration() * av_q2d(in.stream.time_base()) : 0;
        int ends = mp3 ? MP3_ENDS * in.codec.frame_size() : 0; // encoders pad both ends, and say by how much
        long least = exact
                ? Math.round(seconds * out.rate)
                : (long) ((seconds * SHARE_OF_DECLARED - LARGEST_GAP_SECONDS) * out.rate) - ends;
        if (out.frames() < least || unfinishedOgg(file)) {
            throw new Refused(String.format(
                    Locale.ROOT,
                    "%.2f s%s (the file is cut)",
                    out.seconds(),
                    seconds > 0 ? String.format(Locale.ROOT, " of %.2f", seconds) : ""));
        }
    }

    /** The WAV of floats that decoded frames are converted to; the first frame decides channels and rate. */
    private static final class FloatWav implements AutoCloseable {
        private final Path wav;
        private WavWriter out;
        private SwrContext toFloat;
        private int channels, rate;
        private double since = Double.NaN;

        FloatWav(Path wav) {
            this.wav = wav;
        }

        boolean isEmpty() {
            return out == null;
        }

        long frames() {
            return out == null ? 0 : out.frames();
        }

        double seconds() {
            return out.frames() / (double) rate;
        }

        /** Converts a frame, after comparing its format and its time with the frames before. */
        void append(AVFrame frame, AVRational timeBase) throws Refused, IOException {
            if (out == null) {
                open(frame);
            } else if (frame.ch_layout().nb_channels() != channels || frame.sample_rate() != rate) {
                throw new Refused("channels or rate that change on the way");
            }
            double here = frame.pts() == AV_NOPTS_VALUE ? Double.NaN : frame.pts() * av_q2d(timeBase) - seconds();
            since = Double.isNaN(since) ? here : since;
            if (Math.abs(here - since) > LARGEST_GAP_SECONDS) {
                throw new Refused(String.format(Locale.ROOT, "a gap of %.2f s after %.2f s", here - since, seconds()));
            }
            int n = frame.nb_samples();
            if (out.frames() + n > MOST_SAMPLES) {
                throw new Refused("fewer than 2^31 samples", "more", "cut the song into parts");
            }
            if (out.frames() / rate >= Recording.MOST_SECONDS) {
                throw new Refused(
                        "less than " + Recording.MOST_SECONDS / 3600 + " hours of sound",
                        "more",
                        "cut the song into parts");
            }
            float[] samples = new float[n * channels];
            try (FloatPointer buffer = new FloatPointer((long) n * channels);
                    PointerPointer<Pointer> to = new PointerPointer<>(1)) {
                to.put(0, buffer);
                if (swr_convert(toFloat, to, n, frame.extended_data(), n) != n) {
                    throw new Refused("samples that do not convert");
                }
                buffer.get(samples);
            }
            out.append(samples);
        }

        private void open(AVFrame frame) throws Refused, IOException {
            channels = frame.ch_layout().nb_channels();
            rate = frame.sample_rate();
            if (channels < 1 || channels > Recording.MOST_CHANNELS) {
                throw new Refused("1 to " + Recording.MOST_CHANNELS + " channels", String.valueOf(channels), AGAIN);
            }
            if (rate < Recording.LEAST_RATE_HZ || rate > Recording.MOST_RATE_HZ) {
                throw new Refused(
                        "a sample rate from " + Recording.LEAST_RATE_HZ + " to " + Recording.MOST_RATE_HZ + " Hz",
                        rate + " Hz",
                        AGAIN);
            }
            out = WavWriter.open(wav, channels, rate, Depth.FLOAT);
            toFloat = new SwrContext(null);
            AVChannelLayout layout = frame.ch_layout();
            if (swr_alloc_set_opts2(toFloat, layout, AV_SAMPLE_FMT_FLT, rate, layout, frame.format(), rate, 0, null) < 0
                    || swr_init(toFloat) < 0) {
                throw new Refused("a sample format that is not known");
            }
        }

        @Override
        public void close() throws IOException {
            if (toFloat != null) {
                swr_free(toFloat);
            }
            if (out != null) {
                out.close();
            }
        }
    }

    /**
     * Whether the header of a Wave64 or Core Audio file declares the length of its sound; refuses a file with fewer
     * bytes than its header declares.
     */
    private static boolean isWhole(Path file, String container) throws Refused {
        if (!container.equals("w64") && !container.equals("caf")) {
            return false;
        }
        try {
            DataChunk data = DataChunk.of(file, container.equals("caf"));
            if (data.isCut()) {
                throw new Refused(data.there() + " of " + data.declared() + " bytes of sound (the file is cut)");
            }
            return data.declared() > 0;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static Refused unreadable(IOException e) {
        return new Refused("a readable file", WholeFile.reason(e), "check the disk");
    }

    private static MpegFrames frames(Path file, boolean adts) throws Refused {
        try {
            return MpegFrames.walk(file, adts);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** An Ogg stream whose last page does not say that it is the last. */
    private static boolean unfinishedOgg(Path file) throws Refused {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            byte[] tail = new byte[(int) Math.min(in.length(), OGG_PAGE)];
            in.seek(in.length() - tail.length);
            in.readFully(tail);
            for (int i = tail.length - 6; i >= 0; i--) {
                if (tail[i] == 'O' && tail[i + 1] == 'g' && tail[i + 2] == 'g' && tail[i + 3] == 'S') {
                    in.seek(0);
                    return in.read() == 'O' && in.read() == 'g' && (tail[i + 5] & 4) == 0;
                }
            }
            return false;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static void flac(Path wav, Path flac) throws Refused, IOException {
        try (Input in = new Input(wav)) {
            AVFormatContext out = new AVFormatContext(null);
            avformat_alloc_output_context2(out, null, "flac", flac.toString());
            // no version of the library in the file: the same sound gives the same bytes
            out.flags(out.flags() | AVFormatContext.AVFMT_FLAG_BITEXACT);
            AVCodec encoder = avcodec_find_encoder(avcodec.AV_CODEC_ID_FLAC);
            boolean deep = in.codec.bits_per_raw_sample() > 16 || in.codec.codec_id() == AV_CODEC_ID_PCM_S24LE;
            AVCodecContext codec = flacCodec(in, encoder, deep);
            AVStream stream = avformat_new_stream(out, encoder);
            avcodec_parameters_from_context(stream.codecpar(), codec);
            stream.time_base(codec.time_base());
            AVIOContext file = new AVIOContext(null);
            if (avio_open(file, "file:" + flac.toAbsolutePath(), AVIO_FLAG_WRITE) < 0) {
                throw new IOException("no file at that place");
            }
            out.pb(file);
            check(avformat_write_header(out, (AVDictionary) null));
            int width = codec.ch_layout().nb_channels() * (deep ? 4 : 2), block = codec.frame_size(), held = 0;
            byte[] samples = new byte[block * width];
            long at = 0;
            AVPacket packet = av_packet_alloc();
            for (AVFrame frame = in.next(); frame != null; frame = in.next()) {
                byte[] got = new byte[frame.nb_samples() * width];
                new BytePointer(frame.data(0)).capacity(got.length).get(got);
                for (int from = 0; from < got.length; ) {
                    int take = Math.min(got.length - from, samples.length - held);
                    System.arraycopy(got, from, samples, held, take);
                    from += take;
                    held += take;
                    if (held == samples.length) {
                        encode(out, codec, stream, packet, samples, block, at);
                        at += block;
                        held = 0;
                    }
                }
            }
            if (held > 0) {
                encode(out, codec, stream, packet, Arrays.copyOf(samples, held), held / width, at);
            }
            check(avcodec_send_frame(codec, null));
            drain(out, codec, stream, packet);
            check(av_write_trailer(out));
            check(avio_closep(file));
            av_packet_free(packet);
            avcodec_free_context(codec);
        }
    }

    private static AVCodecContext flacCodec(Input in, AVCodec encoder, boolean deep) throws Refused {
        AVCodecContext codec = avcodec_alloc_context3(encoder);
        codec.sample_fmt(deep ? AV_SAMPLE_FMT_S32 : AV_SAMPLE_FMT_S16);
        codec.bits_per_raw_sample(deep ? 24 : 16);
        codec.sample_rate(in.codec.sample_rate());
        av_channel_layout_default(codec.ch_layout(), in.codec.ch_layout().nb_channels());
        codec.time_base(av_make_q(1, in.codec.sample_rate()));
        codec.flags(codec.flags() | AV_CODEC_FLAG_BITEXACT);
        codec.compression_level(8);
        if (avcodec_open2(codec, encoder, (AVDictionary) null) < 0) {
            throw new Refused(
                    "sound that FLAC can hold",
                    in.codec.ch_layout().nb_channels() + " channels at " + in.codec.sample_rate() + " Hz",
                    "write a .wav");
        }
        return codec;
    }

    private static void encode(
            AVFormatContext out,
            AVCodecContext codec,
            AVStream stream,
            AVPacket packet,
            byte[] samples,
            int frames,
            long at)
            throws IOException {
        AVFrame frame = av_frame_alloc();
        frame.nb_samples(frames);
        frame.format(codec.sample_fmt());
        frame.sample_rate(codec.sample_rate());
        av_channel_layout_copy(frame.ch_layout(), codec.ch_layout());
        frame.pts(at);
        check(av_frame_get_buffer(frame, 0));
        new BytePointer(frame.data(0)).capacity(samples.length).put(samples);
        check(avcodec_send_frame(codec, frame));
        av_frame_free(frame);
        drain(out, codec, stream, packet);
    }

    private static void drain(AVFormatContext out, AVCodecContext codec, AVStream stream, AVPacket packet)
            throws IOException {
        while (avcodec_receive_packet(codec, packet) >= 0) {
            av_packet_rescale_ts(packet, codec.time_base(), stream.time_base());
            packet.stream_index(stream.index());
            check(av_interleaved_write_frame(out, packet));
        }
    }

    private static void check(int result) throws IOException {
        if (result < 0) {
            byte[] text = new byte[AV_ERROR_MAX_STRING_SIZE];
            av_strerror(result, text, text.length);
            throw new IOException(new String(text, StandardCharsets.UTF_8).trim());
        }
    }
}
