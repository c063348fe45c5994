package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person types wrongly is one sentence in plain words, with the remedy; no name of a Java class. */
class OptionsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            infr | need a command, got 'infr'; did you mean infer or again or inspect? see ./diffsvc --help
            doctor demo | need no further argument, got 'demo'; see ./diffsvc doctor --help
            cache list all | need no further argument, got 'all'; see ./diffsvc cache --help
            train --projekt x | Unknown options: '--projekt', 'x'; did you mean --project? see ./diffsvc train --help
            preprocess | Missing required parameter: 'FOLDER'; see ./diffsvc preprocess --help
            export | Missing required option: '--project=<project>'; see ./diffsvc export --help
            doctor --config c.yaml | Missing required argument(s): --ckpt=<checkpoint>; see ./diffsvc doctor --help
            doctor --project | Missing required parameter for option '--project'; see ./diffsvc doctor --help
            infer a.wav --seed x | Invalid value for option '--seed': 'x' is not a whole number; see
            infer a.wav --steps 2.5 | '2.5' is not a whole number; see
            infer a.wav --steps 99999999999 | '99999999999' is too large; see
            infer a.wav --keys 1,low | Invalid value for option '--keys': 'low' is not a number; see
            doctor --hparams infer.steps=3 | need a voice for --hparams, got none; name it with --project
            doctor --project demo --config a --ckpt b | need --project or --config with --ckpt, got both; leave one out
            bench --flame a.png | need --flame with --stages end-to-end, without --peer and --json, got --stages train;
            evaluate | need converted songs or their manifests, got none; give output/*.json, or
            evaluate a.wav --judges pich | need a judge: pitch, identity, whisper, vosk, phones, dnsmos,
            evaluate a.wav --language de | need --language en or ko, got de; there is a recognizer for these two
            evaluate a.wav --key 49 | need --key from -48 to 48, got 49; correct --key
            evaluate a.wav --songs b.wav | need --checkpoints or --stages with --songs, --sampler, --steps and --seed
            evaluate a.wav --checkpoints | need songs with --songs, got outputs with --checkpoints; give
            evaluate --checkpoints --stages | need --checkpoints or --stages, got both; run one after the other
            evaluate --stages --json a.json | need --json without --stages, got both; --report writes a page
            evaluate --checkpoints --key 3 | need --songs, got --source, --key or --score; these are for outputs
            evaluate --checkpoints --steps 0 | need --steps from 1 to 2147483647, got 0; correct --steps
            evaluate a.wav --project demo,tenor | need one --project, got 2 of them; name one
            evaluate a.wav --project ../demo | need a project's name: no path,
            evaluate a.wav --seed 99999999999999999999 | '99999999999999999999' is too large; see
            leak | Missing required parameter: 'FOLDER'; see ./diffsvc leak --help
            leak a --project ../demo | need a project's name: no path,
            leak a --threads 0 | need --threads from 1 to
            train --project x --judges pitch | need --evaluate-every with --patience, --songs, --target and --judges
            train --project x --evaluate-every 1 --judges pich | need a judge: pitch, identity,
            infer --project demo --config a --ckpt b | need --project or --config with --ckpt, got both; leave one out
            """)
    void wrongOptionsAreOneSentenceInPlainWords(String typed, String sentence) {
        Command.run(typed.split(" ")).refused("options: ", sentence);
    }

    @Test
    void aLimitThatIsTooLowForPreprocessIsRefusedWithTheLeastThatWouldDo() {
        Command.run("preprocess", "raw", "--project", "x", "--max-memory", "64MiB", "--out", folder + "/data")
                .refused(
                        "preprocess: need at least ",
                        " MiB for content encoder, pitch extractor and one recording at a time, got 64 MiB; give"
                                + " --max-memory ");
        assertTrue(!Files.exists(folder.resolve("data")));
    }

    /** As docs/convert.md says. */
    @Test
    void theHelpNamesTheDefaultOfEachOption() {
        String help = Command.run("infer", "--help").done().out();
        for (String option : List.of(
                "--project=",
                "--pitch=",
                "--steps=",
                "--sampler=",
                "--seed=",
                "--slice-db=",
                "--max-memory=",
                "--threads=",
                "--format=",
                "--depth=",
                "--out=")) {
            String[] parts = help.split("\n {6}" + option); // the first stands in the usage
            String about = parts[parts.length - 1].split("\n {6}--")[0];
            assertTrue(about.replaceAll("\\s+", " ").contains("(default"), option + about);
        }
    }

    @Test
    void whatIsReadIsNamedByWhatLiesThere() throws IOException {
        String none = folder.resolve("none").toString(),
                file = folder.resolve("file").toString();
        Files.writeString(Path.of(file), "hi");
        String out = folder.resolve("out.pt").toString();
        Command.run("merge", none, "--out", out).refused("merge: ", none, "nothing at that path; check the path");
        Command.run("merge", file, "--out", out).refused("need the folder of a divided voice, got a file");
        Command.run("train-content", none, "--out", out).refused("content: ", "index.tsv", "nothing at that path");
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.writeString(data.resolve("index.json"), "{oh");
        Command.run("train", "--project", "x", "--data", data.toString())
                .refused("index.json: need a dataset's index, got other JSON, or none; make it with");
    }

    @Test
    void aLineOfACorpusThatIsNoneIsQuoted() throws IOException {
        Path index = Files.createDirectories(folder.resolve("corpus/encoder")).resolve("index.tsv");
        String[] train = {
            "train-content",
            folder.resolve("corpus").toString(),
            "--out",
            folder.resolve("out.pt").toString()
        };
        for (String line : new String[] {"hi", "a.wav\tslt", "a.wav\tslt\tpau", "a.wav\tslt\tpau:x"}) {
            Files.writeString(index, line + "\n");
            Command.run(train)
                    .refused("content: ", "index.tsv: need lines of file, voice and PHONE:END", "got " + line);
        }
        Files.writeString(index, "");
        Command.run(train).refused("got an empty file; check the path");
    }
}
