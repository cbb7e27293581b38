//! The `kayle` command.

fn main() -> std::process::ExitCode {
    server::cli::main(std::env::args_os())
}
