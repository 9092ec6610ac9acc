# meshprobe_user_unit(VARIABLE TEXT): the text of a system unit, as one for `systemctl --user`. An unprivileged service
# manager can neither change users nor mount, and has no right to take capabilities away; what is left of the sandbox
# are the system-call filters. Directories are where the XDG specification puts them by default; where the user has
# others, the generator says so in drop-ins.
function(meshprobe_user_unit variable text)
  string(REGEX REPLACE "(^|\n)#[^\n]*" "" text "${text}")
  string(REGEX REPLACE
    "\n(User|SupplementaryGroups|RequiresMountsFor|ReadWritePaths|Protect[A-Za-z]*|Private[A-Za-z]*|ProcSubset|DevicePolicy|CapabilityBoundingSet|RemoveIPC|IPAddressDeny|LogLevelMax|LogExtraFields|Wants=network-online.target)[^\n]*"
    "" text "\n${text}")
  string(REGEX REPLACE "\n\n+" "\n\n" text "${text}")
  string(REPLACE " network-online.target nss-lookup.target" "" text "${text}")
  string(REPLACE "\nAfter=network-online.target nss-lookup.target" "" text "${text}")
  string(REPLACE "=/var/lib/meshprobe" "=%h/.local/state/meshprobe" text "${text}")
  string(REPLACE "=/etc/meshprobe" "=%h/.config/meshprobe" text "${text}")
  string(REPLACE "WantedBy=multi-user.target" "WantedBy=default.target" text "${text}")
  string(REGEX REPLACE "(\nExecStart=[^ \n]*)" "\\1 --user" text "${text}")
  string(STRIP "${text}" text)
  set(${variable} "# The system's unit of this name, for the service manager of a user; see there for comments.\n\n${text}\n" PARENT_SCOPE)
endfunction()

# meshprobe_install_unit(FILE): a unit, and its form for users.
function(meshprobe_install_unit file)
  cmake_path(GET file FILENAME name)
  file(READ ${file} text)
  meshprobe_user_unit(text "${text}")
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/user/${name} CONTENT "@text@" @ONLY)
  install(FILES ${file} DESTINATION ${SYSTEMD_UNIT_DIR})
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/user/${name} DESTINATION ${SYSTEMD_USER_UNIT_DIR})
endfunction()
