//! Parses the command line and dispatches; everything else is in the library.

fn main() -> std::process::ExitCode {
    podex::cli::main()
}
