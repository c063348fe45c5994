package diffsvc.voice;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.files.Input;
import diffsvc.files.Sha256;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.ProjectName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a voice's files lie. Trained files are looked for in models/[project], then models/[model name]
 * (embedding_model, wavenet_model), then models itself; frozen ones in models/[project], models/frozen, models/[model
 * name], models. The first folder that has one wins; two in one folder are an error that names both.
 *
 * @param root the models folder
 */
public record ModelFiles(Path root) {
    private static final String STAGE = "models";

    /**
     * A trained pair and what it was trained with.
     *
     * @param embedding file with {@code fs2.*}; a combined checkpoint holds both
     * @param encoder where the config of the Python project says the encoder is; null for a project of this workbench,
     *     whose hparams name it
     * @param vocoder the same for the vocoder
     * @param pitchExtractor the same for the pitch extractor behind the sampler
     */
    public record Pair(Hparams hparams, Path embedding, Path wavenet, Path encoder, Path vocoder, Path pitchExtractor) {
        /**
         * The same files under other settings.
         *
         * @param other the settings
         * @return with those settings
         */
        public Pair with(Hparams other) {
            return new Pair(other, embedding, wavenet, encoder, vocoder, pitchExtractor);
        }
    }

    /**
     * Files under this models folder.
     *
     * @param root the models folder
     * @return nothing is read yet
     */
    public static ModelFiles in(Path root) {
        return new ModelFiles(root);
    }

    /**
     * The pair of a project: its hparams.yaml tells the training steps, and with them the names.
     *
     * @param project its folder under models/
     * @return files and settings
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
     * @return files and settings
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
        Path home = config.toAbsolutePath().normalize().getParent();
        while (home != null && !Files.isDirectory(home.resolve("checkpoints"))) {
            home = home.getParent();
        }
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

    private static Path there(Path home, Object path) {
        Path file = path == null ? null : Path.of(String.valueOf(path));
        file = file == null || file.isAbsolute() || home == null ? file : home.resolve(file);
        if (file != null && Files.isDirectory(file)) {
            try (Stream<Path> list = Files.list(file)) {
                // a folder of training checkpoints: the one with most steps, as the Python project takes
                file = list.filter(p -> p.getFileName().toString().matches("model_ckpt_steps_\\d+\\.ckpt"))
                        .max(java.util.Comparator.comparingLong(
                                p -> Long.parseLong(p.getFileName().toString().replaceAll("\\D", ""))))
                        .orElse(null);
            } catch (IOException e) {
                return null;
            }
        }
        return file != null && Files.isRegularFile(file) ? file : null;
    }

    /**
     * Names of the folders that hold an hparams.yaml.
     *
     * @return in the order of their names
     */
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
     * The content encoder a voice was trained with; a wrong SHA-256 is refused.
     *
     * @param manager owner of what is made
     * @param hparams the voice's settings
     * @return the network
     */
    public HubertSoft encoder(NDManager manager, Hparams hparams) {
        return HubertSoft.load(manager, encoderFile(hparams), hparams.hubert().heads());
    }

    /**
     * The path of the content encoder.
     *
     * @param hparams the voice's settings
     * @return the path
     */
    public Path encoderFile(Hparams hparams) {
        return frozen(
                hparams.project(), hparams.hubert().file(), hparams.hubert().sha256(), "content encoder");
    }

    /**
     * The path of the vocoder's weights; null for the one without.
     *
     * @param hparams the voice's settings
     * @return the path, or null
     */
    public Path vocoderFile(Hparams hparams) {
        if (hparams.vocoder().kind().equals("source_filter")) {
            return null;
        }
        String file = hparams.vocoder().file(),
                folder = file.contains(".") ? file.substring(0, file.lastIndexOf('.')) : file;
        // as openvpi's archive unpacks, or the Python project's folder of the 24 kHz vocoder
        Path upstream = hparams.vocoder().kind().equals("hifigan")
                ? there(root.resolve("frozen"), "0109_hifigan_bigpopcs_hop128")
                : null;
        Path unpacked = upstream != null
                ? upstream
                : root.resolve("frozen").resolve(folder).resolve("model");
        boolean none =
                List.of(root.resolve(hparams.project()), root.resolve("frozen"), root.resolve(folder), root).stream()
                        .noneMatch(f -> Files.isRegularFile(f.resolve(file)));
        return frozen(
                hparams.project(),
                none && Files.isRegularFile(unpacked)
                        ? unpacked.toAbsolutePath().toString()
                        : file,
                hparams.vocoder().sha256(),
                "vocoder");
    }

    /**
     * The pitch extractor behind the sampler: xiaoma_pe_[steps].pt, xiaoma_pe_steps_[steps].pt or the Python project's
     * folder, the one with most steps.
     *
     * @param project its folder under models/
     * @return the path
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
                        .max(java.util.Comparator.comparingLong(p ->
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
     * The weights of CREPE, "crepe" or "crepe-tiny", which the launcher takes from a Python package.
     *
     * @param extractor "crepe" or "crepe-tiny"
     * @return the path
     */
    public Path crepeFile(String extractor) {
        String file = "crepe_" + (extractor.equals("crepe-tiny") ? "tiny" : "full") + ".pth";
        try {
            return frozen("frozen", file, "", "pitch extractor");
        } catch (Problem e) {
            throw Problem.in(
                    STAGE,
                    root.resolve("frozen").resolve(file),
                    "CREPE's weights",
                    "nothing at that path",
                    "run ./diffsvc weights " + extractor
                            + " (needs Python and the network once), or take --pitch praat");
        }
    }

    /**
     * The path of a frozen model's file, its hash checked.
     *
     * @param project its folder under models/
     * @param file its name, or an absolute path
     * @param sha256 hexadecimal; "" = not asked
     * @param what for the error
     * @return the path
     */
    public Path frozen(String project, String file, String sha256, String what) {
        String stem = file.contains(".") ? file.substring(0, file.lastIndexOf('.')) : file;
        Path given = Path.of(file);
        Path found = given.isAbsolute()
                ? given
                : first(
                        "the " + what + " " + file,
                        List.of(root.resolve(project), root.resolve("frozen"), root.resolve(stem), root),
                        file);
        if (!sha256.isEmpty() && !Sha256.of(found).equals(sha256)) {
            throw Problem.in(
                    STAGE,
                    found,
                    "the " + what + " with SHA-256 " + sha256,
                    Sha256.of(found),
                    "the voice was trained with another file: put that one there");
        }
        return found;
    }

    private Path first(String what, List<Path> folders, String file) {
        for (Path folder : folders) {
            if (Files.isRegularFile(folder.resolve(file))) {
                return folder.resolve(file);
            }
        }
        List<String> tried = new ArrayList<>();
        folders.forEach(f -> tried.add(f.equals(root) ? "models" : "models/" + f.getFileName()));
        throw Problem.in(
                STAGE,
                folders.get(0),
                what,
                "none in " + String.join(", ", tried)
                        + (projects().isEmpty() ? "" : " (projects here: " + String.join(", ", projects()) + ")"),
                "check the name, or put the file there");
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
            throw Problem.in(STAGE, folder, "a readable folder", e.getClass().getSimpleName(), "check its permissions");
        }
    }
}
