package diffsvc.cli;

import diffsvc.platform.EngineExit;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** Entry of the launcher: {@code ./diffsvc COMMAND}. */
@Command(
        name = "diffsvc",
        description = "A workbench for diffusion singing voice conversion.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            InferCommand.class,
            EvaluateCommand.class,
            LeakCommand.class,
            TrainCommand.class,
            PreprocessCommand.class,
            MemoryCommand.class,
            BenchCommand.class,
            ContentCommand.class,
            DivideCommand.class,
            MergeCommand.class,
            InspectCommand.class,
            ExportCommand.class,
            DoctorCommand.class,
            AgainCommand.class,
            CacheCommand.class,
            WhisperCommand.class
        },
        footerHeading = "%nExit codes:%n",
        footer = {
            "  0  done",
            "  1  a defect of the program; please report it",
            "  2  the input or an option does not fit; the message says what to do",
            "  3  again only: the new output has other bytes",
            "  130  stopped by Ctrl-C; nothing half written remains"
        })
public final class Main implements Runnable {
    /** The version of the pom, for {@code --version}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"diffsvc " + diffsvc.platform.Version.CURRENT};
        }
    }

    private Main() {}

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        EngineExit.withoutDestructors();
        System.exit(run(args));
    }

    /**
     * Runs one command and gives its exit code.
     *
     * @return 0, 1, 2, 3 or 130, as {@code --help} lists them
     */
    public static int run(String... args) {
        CommandLine line = new CommandLine(new Main());
        line.setExecutionExceptionHandler((e, command, parse) -> {
            return say(e, command.getCommandName());
        });
        line.setParameterExceptionHandler((e, arguments) -> {
            System.err.println(sentence(e));
            return 2;
        });
        try {
            return line.execute(args);
        } catch (Throwable e) { // picocli passes errors on: memory, stack, libraries
            return say(e, args.length == 0 ? "diffsvc" : args[0]);
        }
    }

    /** What picocli says of options that it cannot read, as one sentence with the remedy and without Java's words. */
    private static String sentence(CommandLine.ParameterException e) {
        String command = e.getCommandLine().getCommandName(), said = e.getMessage();
        boolean top = command.equals("diffsvc");
        List<String> near = List.of();
        CommandLine.UnmatchedArgumentException unmatched = unmatched(e);
        if (unmatched != null) {
            near = unmatched.getSuggestions();
            said = unmatched.isUnknownOption()
                    ? unmatched.getMessage()
                    : "need " + (top ? "a command" : "no further argument") + ", got '"
                            + unmatched.getUnmatched().get(0) + "'";
        }
        said = said.replaceFirst("^Error: ", "")
                .replaceFirst("(option '[^']*') \\(<[^)]*>\\)", "$1")
                .replaceFirst("'([+-]?\\d{10,})' is not an? (?:int|long)$", "'$1' is too large")
                .replaceFirst("is not an? (?:int|long)$", "is not a whole number")
                .replaceFirst("is not a double$", "is not a number");
        return "options: " + said + "; "
                + (near.isEmpty() ? "" : "did you mean " + String.join(" or ", near) + "? ")
                + "see ./" + (top ? command : "diffsvc " + command) + " --help";
    }

    /** A misspelt option goes before what is missing because of it; null where all was read. */
    private static CommandLine.UnmatchedArgumentException unmatched(CommandLine.ParameterException e) {
        if (e instanceof CommandLine.UnmatchedArgumentException unmatched) {
            return unmatched;
        }
        CommandLine line = e.getCommandLine();
        List<String> rest = e instanceof CommandLine.MissingParameterException && line.getParseResult() != null
                ? line.getParseResult().unmatched()
                : List.of();
        return rest.isEmpty() ? null : new CommandLine.UnmatchedArgumentException(line, rest);
    }

    private static int say(Throwable e, String command) {
        Failure failure = Failure.of(command, e);
        if (failure.sentence() == null) {
            e.printStackTrace();
        } else {
            System.err.println(failure.sentence());
        }
        return failure.code();
    }
}
