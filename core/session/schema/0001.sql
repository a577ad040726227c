-- Items on their lines, and how each stands at each stage.
CREATE TABLE item (
  id      TEXT PRIMARY KEY,
  line    TEXT NOT NULL,
  title   TEXT NOT NULL,
  data    BLOB NOT NULL,
  created INTEGER NOT NULL
) STRICT;
CREATE TABLE pass (
  item  TEXT NOT NULL REFERENCES item(id) ON DELETE CASCADE,
  stage TEXT NOT NULL,
  state TEXT NOT NULL,
  tries INTEGER NOT NULL,
  next  INTEGER NOT NULL,
  say   TEXT NOT NULL,
  hint  TEXT NOT NULL,
  out   BLOB,
  at    INTEGER NOT NULL,
  PRIMARY KEY (item, stage)
) STRICT;
-- What models found, one layer an image and author.
CREATE TABLE layer (
  image TEXT NOT NULL,
  by    TEXT NOT NULL,
  made  INTEGER NOT NULL,
  data  BLOB NOT NULL,
  PRIMARY KEY (image, by)
) STRICT;
-- What people changed, oldest first; entries are never altered.
CREATE TABLE edit (
  seq   INTEGER PRIMARY KEY AUTOINCREMENT,
  image TEXT NOT NULL,
  data  BLOB NOT NULL
) STRICT;
CREATE INDEX edit_image ON edit(image, seq);
-- What other systems said when they last answered.
CREATE TABLE cache (
  key  TEXT PRIMARY KEY,
  at   INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
