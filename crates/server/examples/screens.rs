//! Draws every screen of the page into `screens/`: in light and dark, on a computer and a phone, and
//! some in Arabic, narrow and on paper. And the two pictures of the README into `docs/screens/`.
//!
//! Needs Chromium. People look at what comes of it; tests do not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a tool for us")]

use std::path::{Path, PathBuf};

use testkit::{Chromium, Gallery, Screen, Tab};

/// The largest a picture of the README may be, in bytes.
const README_PICTURE: usize = 60_000;

#[tokio::main]
async fn main() {
    let Some(chromium) = Chromium::start().await else {
        println!("no Chromium on this machine");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let folder = root.join("screens");
    std::fs::create_dir_all(root.join("docs/screens")).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    for (device, screen) in [("desktop", Screen::DESKTOP), ("phone", Screen::PHONE)] {
        let gallery = Gallery::new(&chromium, screen).await;
        gallery
            .show_all(async |name, tab| {
                draw(tab, screen, &folder.join(format!("{name}-{device}-light.png"))).await;
                draw(tab, screen.dark(), &folder.join(format!("{name}-{device}-dark.png"))).await;
                if let "consent" | "offer" | "match" | "success" = name {
                    let narrow = folder.join(format!("{name}-{device}-320.png"));
                    draw(tab, Screen::NARROW, &narrow).await;
                    let paper = folder.join(format!("{name}-{device}-print.png"));
                    draw(tab, screen.printed(), &paper).await;
                }
                if let Some(picture) = readme_picture(&root, name, device) {
                    tab.size(small(screen)).await;
                    std::fs::write(&picture, tab.screenshot().await).unwrap();
                    tab.size(screen).await;
                    let bytes = std::fs::metadata(&picture).unwrap().len();
                    println!("{}: {bytes} bytes", picture.display());
                    assert!(usize::try_from(bytes).unwrap() < README_PICTURE);
                }
            })
            .await;
    }
    let arabic = Screen::PHONE.reading("ar");
    let gallery = Gallery::new(&chromium, arabic).await;
    gallery
        .show_all(async |name, tab| {
            draw(tab, arabic, &folder.join(format!("{name}-phone-arabic.png"))).await;
        })
        .await;
    println!("{}", folder.display());
}

async fn draw(tab: &Tab, screen: Screen, file: &Path) {
    tab.size(screen).await;
    std::fs::write(file, tab.long_screenshot().await).unwrap();
    tab.size(Screen { dark: false, print: false, ..screen }).await;
}

fn readme_picture(root: &Path, name: &str, device: &str) -> Option<PathBuf> {
    let file = match (name, device) {
        ("offer", "desktop") => "offer.png",
        ("consent", "phone") => "consent.png",
        _ => return None,
    };
    Some(root.join("docs/screens").join(file))
}

/// As much of a screen as fits beside text.
const fn small(screen: Screen) -> Screen {
    let width = if screen.touch { screen.width } else { 560 };
    Screen { width, height: 720, ..screen }
}
