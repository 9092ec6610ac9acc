// The compiled configuration as text; compiled.cpp reads it.
//
//   {"meshprobe":VERSION,"stamps":[[PATH,SIZE,INODE,MTIME,CTIME]…],
//    "problems":[[SCOPE,FILE,LINE,COLUMN,PATH,MESSAGE,ENTRY,EFFECT]…],"files":[FILE…],
//    "tree":NODE (without hosts),
//    "hosts":[[PATTERN,IS-GLOB,FAULTY,KEY,MARK…,NODE]…]}
//
// MARK is three numbers: index into files, line, column. NODE is ["s",MARK…,TEXT], ["e",MARK…,TEXT] (empty),
// ["l",MARK…,[NODE…]],
// ["m",MARK…,[[KEY,MARK…,NODE]…]], or the same with "r" for a mapping that replaces.
#pragma once

#include <string>

namespace meshprobe {

struct LoadedConfig;

[[nodiscard]] std::string encode_compiled(const LoadedConfig& loaded);
/// What a compiled configuration must say of itself to be read without looking at the YAML.
[[nodiscard]] std::string compiled_version();

} // namespace meshprobe
