// Package alarms shows what is wrong with a job's backups until a person has looked.
package alarms
