package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

var realMySQL once[MySQL]

// RealMySQL returns this process's server of Oracle's MySQL, which Debian 12
// does not have: it is taken from the folder that BACKUPMAN_MYSQL_ROOT names,
// made by
//
//	debootstrap --variant=minbase --include=mysql-server-core,mysql-client-core sid DIR
//
// A test without that folder is skipped, even when servers are required.
func RealMySQL(t testing.TB) *MySQL {
	t.Helper()
	root := os.Getenv("BACKUPMAN_MYSQL_ROOT")
	if root == "" {
		t.Skip("needs Oracle's MySQL in a folder named by BACKUPMAN_MYSQL_ROOT: " +
			"debootstrap --variant=minbase --include=mysql-server-core,mysql-client-core sid DIR")
	}
	s, err := realMySQL.get(func() (*MySQL, error) { return startRealMySQL(root) })
	if err != nil {
		t.Fatalf("start MySQL from %s: %v", root, err)
	}
	return s
}

func startRealMySQL(root string) (s *MySQL, err error) {
	d, err := newDaemon("mysql", "mysql")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.discard()
		}
	}()
	cert, key, err := d.certificate()
	if err != nil {
		return nil, err
	}
	tools, err := wrapTools(d, root)
	if err != nil {
		return nil, err
	}
	base := []string{tools["mysqld"], "--no-defaults", "--datadir=" + d.path("data"), "--basedir=" + filepath.Join(root, "usr"),
		"--plugin-dir=" + filepath.Join(root, "usr/lib/mysql/plugin"), "--innodb-redo-log-capacity=64M",
		"--innodb-flush-method=nosync", "--disable-log-bin", "--secure-file-priv=NULL"}
	if err := d.run(append(base, "--initialize-insecure")...); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	socket := d.path("s")
	if err := d.start(syscall.SIGKILL, append(base,
		"--tmpdir="+d.folder, "--socket="+socket, "--pid-file="+d.path("pid"), "--bind-address=127.0.0.1",
		"--port="+strconv.Itoa(port), "--mysqlx=OFF", "--skip-name-resolve", "--performance-schema=OFF",
		"--innodb-flush-log-at-trx-commit=0", "--log-bin-trust-function-creators=1", "--max-allowed-packet=1G",
		"--ssl-ca="+cert, "--ssl-cert="+cert, "--ssl-key="+key)...); err != nil {
		return nil, err
	}
	if err := awaitMySQL(d, socket); err != nil {
		return nil, err
	}
	if err := secureMySQL(socket); err != nil {
		return nil, err
	}
	return &MySQL{Host: "127.0.0.1", Port: port, Socket: socket, User: "tester", Password: Password,
		CA: cert, ClientTool: tools["mysql"], DumpTool: tools["mysqldump"], ServerProgram: tools["mysqld"], daemon: d}, nil
}

// wrapTools writes scripts that run programs of the folder with the libraries
// of the folder, so that they see the same files as everyone else.
func wrapTools(d *daemon, root string) (map[string]string, error) {
	libraries := filepath.Join(root, "usr/lib/x86_64-linux-gnu")
	loader := filepath.Join(libraries, "ld-linux-x86-64.so.2")
	if _, err := os.Stat(loader); err != nil {
		return nil, err
	}
	if err := os.Chmod(d.folder, 0o755); err != nil {
		return nil, err
	}
	tools := map[string]string{}
	for _, program := range []string{"sbin/mysqld", "bin/mysql", "bin/mysqldump"} {
		name := filepath.Base(program)
		base := ""
		if name == "mysqld" {
			base = " --basedir=" + shellWord(filepath.Join(root, "usr"))
		}
		script := fmt.Sprintf("#!/bin/sh\nexec %s --library-path %s %s \"$@\"%s\n",
			shellWord(loader), shellWord(libraries), shellWord(filepath.Join(root, "usr", program)), base)
		tools[name] = d.path(name)
		if err := os.WriteFile(tools[name], []byte(script), 0o755); err != nil {
			return nil, err
		}
	}
	return tools, nil
}

func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
