package diffsvc.voice;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.Sha256;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.PitchKind;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.VocoderKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a voice's files lie. Trained files are looked for in models/[project], then models/[model name]
 * (embedding_model, wavenet_model), then models itself; frozen ones in models/[project], models/frozen, models/[model
 * name], models. The first folder that has one wins; two in one folder are an error that names both.
 */
public record ModelFiles(Path root) {
    private static final String STAGE = "models", PUT_THERE = "check the name, or put the file there";

    /**
     * A trained pair, its settings and the files it was trained with.
     *
     * @param embedding file with {@code fs2.*}; a combined checkpoint holds both
     * @param encoder path that the config of the Python project names; null for a project of this workbench, whose
     *     hparams name it
     * @param vocoder the same for the vocoder
     * @param pitchExtractor the same for the pitch extractor behind the sampler
     */
    public record Pair(Hparams hparams, Path embedding, Path wavenet, Path encoder, Path vocoder, Path pitchExtractor) {
        /** The same files with other settings. */
        public Pair with(Hparams other) {
            return new Pair(other, embedding, wavenet, encoder, vocoder, pitchExtractor);
        }
    }

    /** The files under a models folder; nothing is read yet. */
    public static ModelFiles in(Path root) {
        return new ModelFiles(root);
    }

    /**
     * The pair of a project; the training steps in its hparams.yaml give the file names.
     *
     * @throws Problem when a file is missing, or a folder holds two of one kind
     */
    public Pair project(String project) {
        Path folder = root.resolve(project);
        Path yaml = first("the project " + project + "'s hparams.yaml", List.of(folder, root), "hparams.yaml");
        Hparams hparams = HparamsYaml.read(yaml);
        if (yaml.getParent().equals(root) && !hparams.project().equals(project)) {
            throw Problem.in(
                    STAGE,
                    folder,
                    "a project of that name",
                    "none (models/ holds: " + String.join(", ", projects()) + ")",
                    "correct --project");
        }
        return new Pair(
                hparams,
                trained(project, "embedding_model", hparams.steps()),
                trained(project, "wavenet_model", hparams.steps()),
                null,
                null,
                null);
    }

    /**
     * A voice in the Python project's own layout, {@code checkpoints/NAME/config.yaml} with
     * {@code model_ckpt_steps_N.ckpt}. Paths in its config are taken from the folder that holds {@code checkpoints}.
     * The config may be an hparams.yaml as well, beside a checkpoint that was merged or trained here.
     *
     * @param config path of config.yaml or hparams.yaml
     * @param checkpoint path of model_ckpt_steps_N.ckpt
     */
    public Pair upstream(Path config, Path checkpoint) {
        for (Path file : new Path[] {config, checkpoint}) {
            if (!Files.isRegularFile(file)) {
                throw Problem.in(
                        STAGE,
                        file,
                        file == config ? "a config.yaml" : "a checkpoint",
                        Input.kind(file),
                        "check the path");
            }
        }
        Map<String, Object> flat = HparamsYaml.map(config);
        Path home = home(config);
        Matcher steps = Pattern.compile("steps_(\\d{1,12})(?!\\d)")
                .matcher(checkpoint.getFileName().toString());
        Hparams given = HparamsYaml.readEither(config);
        Path folder = config.toAbsolutePath().normalize().getParent().getFileName();
        String name =
                given.project().isEmpty() && folder != null ? ProjectName.near(folder.toString()) : given.project();
        Hparams hparams = given.project(name).steps(steps.find() ? Long.parseLong(steps.group(1)) : 0);
        return new Pair(
                hparams,
                checkpoint,
                checkpoint,
                there(home, flat.get("hubert_path")),
                there(home, flat.get("vocoder_ckpt")),
                there(home, flat.get("pe_ckpt")));
    }

    /**
     * The content encoder that a config.yaml of the Python project names ({@code hubert_path}); empty for an
     * hparams.yaml, and where nothing lies at that path.
     */
    static Optional<Path> encoderBeside(Path config) {
        return Optional.ofNullable(there(home(config), HparamsYaml.map(config).get("hubert_path")));
    }

    /** The folder that holds checkpoints/, from which the Python project's paths are taken; null without one. */
    private static Path home(Path config) {
        Path home = config.toAbsolutePath().normalize().getParent();
        while (home != null && !Files.isDirectory(home.resolve("checkpoints"))) {
            home = home.getParent();
        }
        return home;
    }

    private static Path there(Path home, Object path) {
        Path file = path == null ? null : Path.of(String.valueOf(path));
        file = file == null || file.isAbsolute() || home == null ? file : home.resolve(file);
        if (file != null && Files.isDirectory(file)) {
            try (Stream<Path> list = Files.list(file)) {
                // a folder of training checkpoints: the one with most steps, as the Python project takes
                file = list.filter(p -> p.getFileName().toString().matches("model_ckpt_steps_\\d+\\.ckpt"))
                        .max(Comparator.comparingLong(
                                p -> Long.parseLong(p.getFileName().toString().replaceAll("\\D", ""))))
                        .orElse(null);
            } catch (IOException e) {
                return null;
            }
        }
        return file != null && Files.isRegularFile(file) ? file : null;
    }

    /** Names of the folders that hold an hparams.yaml, sorted. */
    public List<String> projects() {
        try (Stream<Path> list = Files.list(root)) {
            return list.filter(p -> Files.exists(p.resolve("hparams.yaml")))
                    .map(p -> p.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private Path trained(String project, String model, long steps) {
        String name = model + "_steps_" + steps + ".pt";
        for (Path folder : List.of(root.resolve(project), root.resolve(model), root)) {
            List<Path> here = matching(folder, model + "_steps_", ".pt");
            if (Files.isRegularFile(folder.resolve(name))) {
                return folder.resolve(name);
            }
            if (steps == 0 && here.size() > 1) {
                throw Problem.in(
                        STAGE,
                        folder,
                        "one " + model,
                        here.get(0).getFileName() + " and " + here.get(1).getFileName(),
                        "say which with steps: N in hparams.yaml");
            }
            if (steps == 0 && here.size() == 1) {
                return here.get(0);
            }
        }
        throw Problem.in(
                STAGE,
                root.resolve(project),
                "the file " + name,
                "none in models/" + project + ", models/" + model + " and models",
                "train the voice, or put the file there");
    }

    /**
     * The path of the content encoder a voice was trained with.
     *
     * @throws Problem when the file is missing or its SHA-256 is another
     */
    public Path encoderFile(Hparams hparams) {
        return findEncoder(hparams)
                .orElseThrow(() -> missing(
                        "content encoder", hparams.project(), hparams.hubert().file(), remedy(hparams.hubert())));
    }

    /** The launcher's command for a file that it fetches. */
    private static String remedy(Hparams.Hubert h) {
        String source = h.type().source();
        return h.file().equals(h.type().file()) && source.startsWith("./diffsvc")
                ? "run " + source + " (needs Python and the network once)"
                : PUT_THERE;
    }

    /**
     * The path of the content encoder; empty where the file is missing.
     *
     * @throws Problem when the file is there and its SHA-256 is another
     */
    public Optional<Path> findEncoder(Hparams hparams) {
        return find(
                "content encoder",
                hparams.project(),
                hparams.hubert().file(),
                hparams.hubert().sha256());
    }

    /**
     * The path of the vocoder's weights; null for the vocoder without weights.
     *
     * @throws Problem when the file is missing or its SHA-256 is another
     */
    public Path vocoderFile(Hparams hparams) {
        return hparams.vocoder().type().hasWeights()
                ? findVocoder(hparams)
                        .orElseThrow(() -> missing(
                                "vocoder", hparams.project(), hparams.vocoder().file(), PUT_THERE))
                : null;
    }

    /**
     * The path of the vocoder's weights; empty where the file is missing, and for the vocoder without weights.
     *
     * @throws Problem when the file is there and its SHA-256 is another
     */
    public Optional<Path> findVocoder(Hparams hparams) {
        VocoderKind kind = hparams.vocoder().type();
        if (!kind.hasWeights()) {
            return Optional.empty();
        }
        String file = hparams.vocoder().file();
        // as openvpi's archive unpacks, or the Python project's folder of the 24 kHz vocoder
        Path upstream = kind.pythonFolder().isEmpty() ? null : there(root.resolve("frozen"), kind.pythonFolder());
        Path unpacked = upstream != null
                ? upstream
                : root.resolve("frozen").resolve(stem(file)).resolve("model");
        boolean none = folders(hparams.project(), file).stream().noneMatch(f -> Files.isRegularFile(f.resolve(file)));
        return find(
                "vocoder",
                hparams.project(),
                none && Files.isRegularFile(unpacked)
                        ? unpacked.toAbsolutePath().toString()
                        : file,
                hparams.vocoder().sha256());
    }

    /**
     * The path of the pitch extractor behind the sampler: xiaoma_pe_[steps].pt, xiaoma_pe_steps_[steps].pt or the
     * Python project's folder, the one with most steps.
     *
     * @throws Problem when there is none
     */
    public Path pitchExtractorFile(String project) {
        for (Path folder : List.of(root.resolve(project), root.resolve("frozen"), root.resolve("xiaoma_pe"), root)) {
            List<Path> here = matching(folder, "xiaoma_pe_", ".pt");
            Path upstream = here.isEmpty() ? there(folder, "0102_xiaoma_pe") : null;
            if (upstream != null) {
                return upstream;
            }
            if (!here.isEmpty()) {
                return here.stream()
                        .max(Comparator.comparingLong(p ->
                                Long.parseLong("0" + p.getFileName().toString().replaceAll("\\D", ""))))
                        .orElseThrow();
            }
        }
        throw Problem.in(
                STAGE,
                root.resolve("frozen"),
                "the pitch extractor xiaoma_pe_[steps].pt",
                "none in models/" + project + ", models/frozen, models/xiaoma_pe, models",
                "put the file there, or set pitch.pe_enable=false");
    }

    /**
     * The path of a pitch extractor's weights; null for an extractor without weights.
     *
     * @throws Problem when the file is missing
     */
    public Path pitchFile(PitchKind kind) {
        return kind.hasWeights()
                ? findPitch(kind)
                        .orElseThrow(() -> Problem.in(
                                STAGE,
                                root.resolve("frozen").resolve(kind.file()),
                                "the weights of the pitch extractor " + kind.text(),
                                "nothing at that path",
                                "run " + kind.source() + " (needs Python and the network once), or take --pitch "
                                        + PitchKind.PRAAT.text()))
                : null;
    }

    /** The path of a pitch extractor's weights; empty where the file is missing, and for one without weights. */
    public Optional<Path> findPitch(PitchKind kind) {
        return kind.hasWeights() ? find("pitch extractor", "frozen", kind.file(), "") : Optional.empty();
    }

    /**
     * The file of a frozen model, its hash checked; an absolute path is taken as it is.
     *
     * @param sha256 hexadecimal; empty is not checked
     */
    private Optional<Path> find(String what, String project, String file, String sha256) {
        Path given = Path.of(file);
        Optional<Path> there = given.isAbsolute()
                ? Optional.of(given).filter(Files::isRegularFile)
                : folders(project, file).stream()
                        .map(folder -> folder.resolve(file))
                        .filter(Files::isRegularFile)
                        .findFirst();
        there.filter(found -> !sha256.isEmpty() && !Sha256.ofModel(found).equals(sha256))
                .ifPresent(found -> {
                    throw Problem.in(
                            STAGE,
                            found,
                            "the " + what + " with SHA-256 " + sha256,
                            Sha256.ofModel(found),
                            "the voice was trained with another file: put that one there");
                });
        return there;
    }

    /** Where frozen files are looked for, in this order. */
    private List<Path> folders(String project, String file) {
        return List.of(root.resolve(project), root.resolve("frozen"), root.resolve(stem(file)), root);
    }

    private static String stem(String file) {
        return file.contains(".") ? file.substring(0, file.lastIndexOf('.')) : file;
    }

    private Path first(String what, List<Path> folders, String file) {
        for (Path folder : folders) {
            if (Files.isRegularFile(folder.resolve(file))) {
                return folder.resolve(file);
            }
        }
        throw notFound(what, folders, PUT_THERE);
    }

    private Problem missing(String what, String project, String file, String remedy) {
        Path given = Path.of(file);
        return given.isAbsolute()
                ? Problem.in(STAGE, given, "the " + what, Input.kind(given), "check the path")
                : notFound("the " + what + " " + file, folders(project, file), remedy);
    }

    private Problem notFound(String what, List<Path> folders, String remedy) {
        List<String> tried = new ArrayList<>();
        folders.forEach(f -> tried.add(f.equals(root) ? "models" : "models/" + f.getFileName()));
        return Problem.in(
                STAGE,
                folders.get(0),
                what,
                "none in " + String.join(", ", tried)
                        + (projects().isEmpty() ? "" : " (projects here: " + String.join(", ", projects()) + ")"),
                remedy);
    }

    private static List<Path> matching(Path folder, String start, String end) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(folder)) {
            return list.filter(p -> p.getFileName().toString().startsWith(start)
                            && p.getFileName().toString().endsWith(end))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw Problem.in(STAGE, folder, "a readable folder", WholeFile.reason(e), "check its permissions");
        }
    }
}
